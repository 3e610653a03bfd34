import QUIC
import QUICIO
import TernFigures

/// What one test found.
struct PerfResult: Sendable {
    let kind: PerfOptions.Test.Kind
    let elapsed: Duration
    let processorTime: Duration
    let sent: UInt64
    let received: UInt64
    let histogram: LatencyHistogram
    /// Those of the connections that the test ran on, at its end.
    var connections: [ConnectionStatistics] = []
    /// Handshakes that resumed a session.
    var resumed: Int?
    var isInterrupted = false
    /// Why there is no result.
    let failure: String?

    init(_ kind: PerfOptions.Test.Kind, failure: String) {
        self.init(kind, PerfMeter(.amount(0)), failure: failure)
    }

    init(_ kind: PerfOptions.Test.Kind, _ meter: PerfMeter, failure: String? = nil) {
        self.kind = kind
        self.failure = failure
        self.elapsed = meter.elapsed
        self.processorTime = meter.processorTime
        (self.sent, self.received, self.histogram) = (meter.sent, meter.received, meter.histogram)
    }

    /// The figure that it is about, and what there is to say beside it.
    var headline: (result: String, detail: String) {
        guard self.failure == nil else { return ("failed", "") }
        guard self.kind.isTransfer else {
            return (
                "\(self.perSecond.formatted(0))/s",
                "p50 \(Self.text(self.histogram.percentile(50))), p99 \(Self.text(self.histogram.percentile(99)))"
            )
        }
        let perByte = self.processorTime.seconds / Double(max(self.sent + self.received, 1)) * 1e9
        return (
            ByteCount.rate(self.sent + self.received, in: self.elapsed),
            "\(ByteCount.text(self.sent + self.received)), processor \(perByte.formatted(2)) s/GB"
        )
    }

    /// The table of this one test.
    var table: String {
        var table = Table()
        if self.kind.isTransfer {
            if self.kind != .upload { table.add("down", self.rate(self.received)) }
            if self.kind != .download { table.add("up", self.rate(self.sent)) }
        } else {
            let noun = self.kind == .requests ? "requests" : "handshakes"
            table.add(noun, "\(self.histogram.count), \(self.perSecond.formatted(1)) per second")
            for (name, percent) in Self.percentiles { table.add(name, Self.text(self.histogram.percentile(percent))) }
            table.add("max", Self.text(self.histogram.maximum))
        }
        if let resumed = self.resumed { table.add("resumed", "\(resumed) of \(self.histogram.count)") }
        table.add("time", self.elapsed.text)
        let share = self.processorTime.seconds / max(self.elapsed.seconds, 1e-9)
        table.add("processor", "\(self.processorTime.text) (\((share * 100).formatted(0)) %)")
        if let path = self.worst {
            table.add("datagrams", "\(self.sum(\.datagramsSent)) sent, \(self.sum(\.datagramsReceived)) received")
            table.add("lost", "\(self.sum(\.packetsLost)) of those sent, as far as this end knows")
            table.add("round trip", "\(path.minimumRTT.text) least, \(path.smoothedRTT.text) smoothed")
            table.add(
                "window", "\(ByteCount.text(path.congestionWindow)) to send, \(path.maximumPayload) B per datagram")
        }
        let title = Style.bold(self.kind.rawValue) + (self.isInterrupted ? " (interrupted)" : "")
        return ([title, table.text] + self.histogramLines).joined(separator: "\n")
    }

    var json: JSONObject {
        var object = JSONObject()
        object.add("test", self.kind.rawValue)
        if let failure = self.failure {
            object.add("error", failure)
            return object
        }
        object.add("interrupted", self.isInterrupted)
        object.add("seconds", self.elapsed.seconds, digits: 6)
        object.add("processor_s", self.processorTime.seconds, digits: 6)
        if self.kind.isTransfer {
            object.add("bytes_received", self.received)
            object.add("bytes_sent", self.sent)
            object.add("goodput_mbit_per_s", self.megabits(self.sent + self.received), digits: 3)
        } else {
            object.add("count", self.histogram.count)
            object.add("per_second", self.perSecond, digits: 1)
            var latency = JSONObject()
            latency.add("min", Double(self.histogram.minimum) / 1e3)
            latency.add("mean", self.histogram.mean / 1e3)
            for (name, percent) in Self.percentiles {
                latency.add(name, Double(self.histogram.percentile(percent)) / 1e3)
            }
            latency.add("max", Double(self.histogram.maximum) / 1e3)
            object.add("latency_us", latency)
        }
        if let resumed = self.resumed { object.add("resumed", resumed) }
        if let path = self.worst {
            object.add("datagrams_sent", self.sum(\.datagramsSent))
            object.add("datagrams_received", self.sum(\.datagramsReceived))
            object.add("packets_lost", self.sum(\.packetsLost))
            object.add("minimum_rtt_us", path.minimumRTT.seconds * 1e6)
            object.add("smoothed_rtt_us", path.smoothedRTT.seconds * 1e6)
            object.add("congestion_window", path.congestionWindow)
            object.add("maximum_payload", path.maximumPayload)
        }
        return object
    }

    static let percentiles = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p99.9", 99.9)]

    static func text(_ nanoseconds: UInt64) -> String { Duration.nanoseconds(Int64(clamping: nanoseconds)).text }

    private var perSecond: Double { Double(self.histogram.count) / max(self.elapsed.seconds, 1e-9) }

    private func rate(_ bytes: UInt64) -> String {
        "\(ByteCount.rate(bytes, in: self.elapsed)) goodput, \(ByteCount.text(bytes))"
    }

    private func megabits(_ bytes: UInt64) -> Double { Double(bytes) * 8e-6 / max(self.elapsed.seconds, 1e-9) }

    private func sum(_ figure: (ConnectionStatistics) -> UInt64) -> UInt64 {
        self.connections.reduce(0) { $0 &+ figure($1) }
    }

    /// The connection with the longest round trip stands for all.
    private var worst: ConnectionStatistics? { self.connections.max { $0.smoothedRTT < $1.smoothedRTT } }

    private var histogramLines: [String] {
        let bands = self.histogram.bands()
        guard !self.kind.isTransfer, let most = bands.map(\.count).max(), most > 0 else { return [] }
        return bands.map { band in
            let label = "\(Self.text(band.lower)) – \(Self.text(band.upper))".padded(leftTo: 19)
            let share = Double(band.count) / Double(self.histogram.count) * 100
            let text = band.count == 0 ? "–" : share < 0.05 ? "<0.1 %" : "\(share.formatted(1)) %"
            let length = Int((Double(band.count) / Double(most) * 26).rounded(.up))
            return "  \(label)  \(text.padded(leftTo: 7))  \(String(repeating: "█", count: length))"
        }
    }
}
