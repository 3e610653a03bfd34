import QUIC

/// What came of a transfer.
struct TransferReport {
    var bytes = 0
    var streams = 0
    /// Whether as much went the other way.
    var goesBothWays = false
    var seconds = 0.0
    var handshake: Duration?
    var summary: HandshakeSummary?
    var remote: NetworkAddress
    var sender: TransferFigures
    var receiver: TransferFigures
    var problems: [String] = []

    private var goodput: Double { Double(self.bytes) * 8 / max(self.seconds, 1e-9) / 1e9 }
    private var gigabytes: Double { max(Double(self.goesBothWays ? 2 * self.bytes : self.bytes) / 1e9, 1e-9) }
    private var lossPercent: Double {
        Double(self.sender["packets_lost"]) * 100 / Double(max(self.sender["datagrams_sent"], 1))
    }

    var table: String {
        var table = Table()
        table.add(
            "moved",
            "\((Double(self.bytes) / 1e6).formatted(1)) MB on \(self.streams) streams from \(self.remote)"
                + (self.goesBothWays ? ", and as much to it" : ""))
        table.add(
            "took", "\(self.seconds.formatted(2)) s, after a handshake of \(Self.milliseconds(self.handshake?.seconds))"
        )
        table.add("goodput", "\(self.goodput.formatted(2)) Gbit/s" + (self.goesBothWays ? " each way" : ""))
        table.add("processor", self.both { "\(($0.seconds("processor_ns") / self.gigabytes).formatted(2)) s/GB" })
        table.add(
            "round trip",
            "\(Self.milliseconds(self.sender.seconds("smoothed_rtt_ns"))) smoothed, \(Self.milliseconds(self.sender.seconds("minimum_rtt_ns"))) least"
        )
        table.add(
            "lost", "\(self.sender["packets_lost"]) packets (\(self.lossPercent.formatted(3)) %), all sent again")
        table.add("datagrams sent", self.both { "\($0["datagrams_sent"])" })
        table.add("largest payload", "\(self.sender["maximum_payload"]) bytes")
        table.add(
            "per system call",
            "\(self.sender.datagramsPerSend.formatted(1)) datagrams sent, \(self.receiver.datagramsPerReceive.formatted(1)) received"
        )
        table.add("offload", "\(Self.offload(self.sender, self.receiver))")
        table.add("cwnd", "\(self.sender["congestion_window"] / 1_000) kB at the end")
        table.add(
            "socket overflow",
            "\(self.receiver["receive_overflow"]) datagrams; the sender waited \(self.sender["send_waits"]) times")
        if let summary = self.summary {
            table.add("protected by", "\(summary.cipher), \(summary.group), QUIC \(summary.version)")
        }
        table.add("libraries", "ngtcp2 \(EngineLibrary.ngtcp2Version), GnuTLS \(EngineLibrary.gnutlsVersion)")
        let verdict = self.problems.isEmpty ? "the checksums of both ends agree" : self.problems.joined(separator: "; ")
        return table.text + "\n\n  " + verdict
    }

    var json: String {
        var object = JSONObject()
        object.add("case", "transfer")
        object.add("bytes", self.bytes)
        object.add("streams", self.streams)
        object.add("both_ways", self.goesBothWays)
        object.add("seconds", self.seconds)
        object.add("handshake_ms", (self.handshake?.seconds ?? 0) * 1e3)
        object.add("gbit_per_s", self.goodput)
        object.add("sender_cpu_s_per_gb", self.sender.seconds("processor_ns") / self.gigabytes)
        object.add("receiver_cpu_s_per_gb", self.receiver.seconds("processor_ns") / self.gigabytes)
        object.add("rtt_ms", self.sender.seconds("smoothed_rtt_ns") * 1e3)
        object.add("rtt_min_ms", self.sender.seconds("minimum_rtt_ns") * 1e3)
        object.add("packets_lost", self.sender["packets_lost"])
        object.add("datagrams_sent", self.sender["datagrams_sent"])
        object.add("acknowledgement_datagrams", self.receiver["datagrams_sent"])
        object.add("maximum_payload", self.sender["maximum_payload"])
        object.add("datagrams_per_send", self.sender.datagramsPerSend)
        object.add("datagrams_per_receive", self.receiver.datagramsPerReceive)
        object.add("receive_overflow", self.receiver["receive_overflow"])
        object.add("cipher", self.summary?.cipher ?? "")
        object.add("ngtcp2", EngineLibrary.ngtcp2Version)
        object.add("gnutls", EngineLibrary.gnutlsVersion)
        object.add("problems", self.problems.joined(separator: "; "))
        return object.text
    }

    private func both(_ text: (TransferFigures) -> String) -> String {
        "\(text(self.sender)) sender, \(text(self.receiver)) receiver"
    }

    private static func milliseconds(_ seconds: Double?) -> String { "\(((seconds ?? 0) * 1e3).formatted(2)) ms" }

    private static func offload(_ sender: TransferFigures, _ receiver: TransferFigures) -> String {
        let sends = sender["segments_on_send"] == 1 ? "the kernel cuts what is sent" : "no UDP_SEGMENT here"
        let joins = receiver["joins_on_receive"] == 1 ? "joins what arrives" : "no UDP_GRO here"
        return "\(sends), \(joins)"
    }
}
