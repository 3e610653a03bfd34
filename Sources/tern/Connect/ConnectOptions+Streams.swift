import QUIC
import QUICIO

extension ConnectOptions {
    /// Carries bytes until both directions have ended.
    func carry(over connection: QUICConnection, isCalling: Bool) async throws {
        // It lives until the connection is closed: the other end then hears of that, and not of a stream that was left.
        var stream: QUICStream?
        do {
            // Silence is no reason to part: a person may think for longer than an idle timeout.
            try await connection.setKeepAlive(self.keepAlive)
            if self.usesDatagrams {
                try await self.carryDatagrams(over: connection, isCalling: isCalling)
            } else if isCalling {
                let opened = try await connection.openStream(self.isUnidirectional ? .unidirectional : .bidirectional)
                stream = opened
                try await self.carry(opened, sends: true, receives: !self.isUnidirectional)
            } else {
                let accepted = try await connection.acceptStream()
                stream = accepted
                try await self.carry(accepted, sends: accepted.isBidirectional, receives: true)
            }
            connection.close()
        } catch {
            let isReaderGone = (error as? Errno) == .brokenPipe
            let reason = Task.isCancelled ? "interrupted" : isReaderGone ? "nobody reads the output" : "an error"
            connection.close(code: 1, reason: reason)
            // In a task that Ctrl-C has not cancelled.
            await Task { _ = try? await connection.closed() }.value
            throw error
        }
        withExtendedLifetime(stream) {}
    }

    private func carry(_ stream: QUICStream, sends: Bool, receives: Bool) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            if receives {
                group.addTask {
                    while let chunk = try await stream.readChunk() {
                        try await StandardOutput.shared.write(chunk.bytes)
                    }
                    return true
                }
            }
            if sends {
                group.addTask {
                    for try await piece in StandardInput.shared { try await stream.write(piece) }
                    try stream.finish()
                    try await Self.untilClosed { try await stream.acknowledged() }
                    return false
                }
            }
            defer { group.cancelAll() }
            while let isReceived = try await group.next() {
                // Nobody is left to type for.
                guard isReceived, sends, StandardInput.shared.isTerminal else { continue }
                try? stream.finish()
                return
            }
        }
    }

    /// The other end closes without complaint only once it has all.
    static func untilClosed(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as QUICError { if !error.isOrderlyClose { throw error } }
    }
}
