import QUIC
import QUICEngine
import QUICIO

/// The path that a connection goes: round trips, packet sizes, congestion marks.
struct PathFindings: Sendable {
    let diagnosis: Diagnosis

    func run(_ connection: QUICConnection) async {
        do {
            try await connection.handshakeConfirmed()
            // Each answer is a chance for the next probe; a path that carries no more is known after a few. Whether marks
            // arrive takes a dozen packets.
            for count in 1...24 {
                _ = try await connection.ping()
                if count >= 8, await connection.statistics().ecn.isValidated != nil { break }
            }
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
        switch statistics.ecn.isValidated {
        case true?: self.diagnosis.good("ecn", "ECN: congestion marks arrive and are reported back")
        case false?:
            self.diagnosis.warn(
                "ecn", "ECN: no marks are reported back",
                hint: "the server does not count them, or a router on the way wipes them out: losses tell instead")
        case nil: self.diagnosis.warn("ecn", "ECN: too few packets were acknowledged to know about marks")
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
