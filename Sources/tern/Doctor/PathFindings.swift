import QUIC
import QUICEngine
import QUICIO

/// The path that a connection goes: round trips, packet sizes, congestion marks.
struct PathFindings: Sendable {
    let diagnosis: Diagnosis
    let trace: PacketLog

    func run(_ connection: QUICConnection) async {
        do {
            try await connection.handshakeConfirmed()
            // Each answer is a chance for the next probe; a path that carries no more is known after a few.
            for _ in 0..<8 { _ = try await connection.ping() }
        } catch {
            self.diagnosis.fail(
                "path", "path: the connection ended after the handshake: \(error)",
                hint: "the server's log may say why: some close at once what speaks no protocol of theirs")
            return
        }
        let statistics = await connection.statistics()
        var figures = JSONObject()
        figures.add("minimum_rtt_seconds", statistics.minimumRTT.seconds, digits: 6)
        figures.add("smoothed_rtt_seconds", statistics.smoothedRTT.seconds, digits: 6)
        figures.add("packets_lost", statistics.packetsLost)
        self.diagnosis.good(
            "rtt",
            "round trip: \(statistics.minimumRTT.text) at best, \(statistics.smoothedRTT.text) on average", figures)
        self.packetSize(statistics.maximumPayload)
        if self.trace.sawMarksCounted {
            self.diagnosis.good("ecn", "ECN: congestion marks arrive and are reported back")
        } else {
            self.diagnosis.warn(
                "ecn", "ECN: no marks are reported back",
                hint: "the server does not count them, or a router on the way wipes them out: losses tell instead")
        }
    }

    private func packetSize(_ size: Int) {
        var figures = JSONObject()
        figures.add("payload", size)
        if size > 1_200 {
            self.diagnosis.good("mtu", "packets of \(size) bytes get through", figures)
        } else {
            self.diagnosis.warn(
                "mtu", "only packets of 1,200 bytes are known to get through",
                hint:
                    "a tunnel or VPN on the way, or a server that takes no larger ones: a little slower, nothing worse",
                figures)
        }
    }
}
