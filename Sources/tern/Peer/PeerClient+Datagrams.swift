import QUIC
import QUICIO
import Synchronization

extension PeerClient {
    /// 64-byte datagrams as fast as they leave. The server sends them back; what is lost on the way is lost.
    func datagramRate(_ endpoint: QUICEndpoint) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        try self.need(connection.maximumDatagramSize >= 64, "the server takes no datagrams")
        let count = max(self.options.datagrams ?? 100_000, 1)
        let returns = DatagramReturns()
        let started = MonotonicClock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let bytes = try? await connection.receiveDatagram() { returns.add(bytes.count) }
            }
            group.addTask {
                let message = [UInt8](repeating: 0x55, count: 64)
                for _ in 0..<count { try await connection.sendDatagram(message) }
                try await returns.settle(count)
                connection.close()
            }
            try await group.waitForAll()
        }
        let (returned, last) = returns.state
        try self.need(returned > 0, "no datagram came back")
        let seconds = Double(last - min(started, last)) / 1e9
        var findings = Findings()
        findings.add("sent", .whole(count))
        findings.add("returned", .whole(returned))
        findings.add("secs", .fraction(seconds, digits: 4))
        // Those that came back faster than the reader took them; the others were lost on the way, or by the server.
        findings.add("unread", .whole(Int(clamping: await connection.statistics().datagramFramesDropped)))
        findings.add("per_s", .fraction(Double(returned) / max(seconds, 1e-9), digits: 1))
        return findings
    }
}

/// How many datagrams came back, and when the last one did.
private final class DatagramReturns: Sendable {
    private let counted = Mutex<(count: Int, last: UInt64)>((0, 0))

    var state: (count: Int, last: UInt64) { self.counted.withLock { $0 } }

    func add(_ size: Int) {
        guard size == 64 else { return }
        self.counted.withLock { $0 = ($0.count + 1, MonotonicClock.now()) }
    }

    /// Until all are here, or no more come.
    func settle(_ count: Int) async throws {
        var before = -1
        while self.state.count < count, self.state.count != before {
            before = self.state.count
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
