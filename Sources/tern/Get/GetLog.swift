import QUIC
import QUICIO
import Synchronization

/// What `tern get` tells while it works and at the end.
final class GetLog: Sendable {
    private let isQuiet: Bool
    private let isJSON: Bool
    private let connections = Mutex<[JSONObject]>([])

    init(_ options: GetOptions) {
        self.isQuiet = options.isQuiet || options.output == "-"
        self.isJSON = options.isJSON
    }

    func connected(_ connection: QUICConnection, _ summary: HandshakeSummary) {
        self.say(
            "connected to \(connection.remoteAddress): \(summary.applicationProtocol.printable), v\(summary.version), "
                + "\(summary.cipher)\(summary.isResumed ? ", resumed" : "")"
                + (summary.acceptedEarlyData ? ", with 0-RTT data" : ""))
    }

    /// Keeps a connection's figures for the end.
    func finished(_ connection: QUICConnection) async {
        let statistics = await connection.statistics()
        var object = JSONObject()
        object.add("remote", "\(connection.remoteAddress)")
        if let summary = connection.handshakeSummary {
            object.add("version", "v\(summary.version)")
            object.add("alpn", summary.applicationProtocol)
            object.add("cipher", summary.cipher)
            object.add("resumed", summary.isResumed)
            object.add("early", summary.acceptedEarlyData)
        }
        object.add("handshake_ms", (statistics.handshakeDuration ?? .zero).seconds * 1_000)
        object.add("rtt_ms", statistics.smoothedRTT.seconds * 1_000)
        object.add("packets_lost", statistics.packetsLost)
        object.add("bytes_received", statistics.bytesReceived)
        object.add("paths", statistics.paths.count)
        self.connections.withLock { $0.append(object) }
    }

    func say(_ line: String) {
        guard !self.isQuiet, !self.isJSON else { return }
        Console.endProgress()
        Console.writeNow(line)
    }

    /// The last words. Returns whether every file is here.
    func end(_ downloads: Downloads, asked: Int, wasInterrupted: Bool) -> Bool {
        let results = downloads.results
        let time = downloads.time
        let whole = results.filter { $0.problem == nil }
        let isComplete = whole.count == asked
        if self.isJSON {
            Console.writeNow(self.json(results, downloads.received, time, isComplete: isComplete, wasInterrupted))
            return isComplete
        }
        for result in results {
            if let problem = result.problem { Console.complain("\(result.item.url): \(problem.printable)") }
        }
        if self.isQuiet { return isComplete }
        if results.count <= 20 { self.table(whole) }
        Console.writeNow(
            "\(whole.count) of \(asked) files, \(ByteCount.text(downloads.received)) in \(time.text), "
                + ByteCount.rate(downloads.received, in: time)
                + (wasInterrupted ? "; interrupted: the same command goes on where a server can tell sizes" : ""))
        return isComplete
    }

    private func table(_ results: [Downloads.Result]) {
        guard !results.isEmpty else { return }
        var table = TextTable(("file", .left), ("size", .right), ("time", .right), ("rate", .right))
        for result in results {
            let kept = result.kept > 0 ? " (+ \(ByteCount.text(result.kept)) kept)" : ""
            table.add([
                (result.item.destination ?? result.item.path).printable, ByteCount.text(result.bytes) + kept,
                result.time.text, ByteCount.rate(result.bytes, in: result.time),
            ])
        }
        Console.writeNow(table.text(width: Terminal.width))
    }

    private func json(
        _ results: [Downloads.Result], _ received: UInt64, _ time: Duration, isComplete: Bool, _ wasInterrupted: Bool
    ) -> String {
        var object = JSONObject()
        object.add("ok", isComplete)
        object.add("interrupted", wasInterrupted)
        object.add("bytes", received)
        object.add("seconds", time.seconds, digits: 6)
        object.add("mbit_per_s", time > .zero ? Double(received) * 8 / time.seconds / 1e6 : 0)
        object.add("connections", self.connections.withLock { $0 })
        object.add(
            "files",
            results.map { result in
                var file = JSONObject()
                file.add("url", result.item.url)
                file.add("bytes", result.bytes)
                if result.kept > 0 { file.add("kept", result.kept) }
                file.add("seconds", result.time.seconds, digits: 6)
                if let problem = result.problem { file.add("error", problem) }
                return file
            })
        return object.text
    }
}
