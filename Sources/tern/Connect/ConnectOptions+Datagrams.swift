import QUIC
import QUICIO

extension ConnectOptions {
    /// A line is a datagram, a datagram is a line.
    func carryDatagrams(over connection: QUICConnection, isCalling: Bool) async throws {
        guard connection.maximumDatagramSize > 0 else { throw ConnectFailure("the other end takes no datagrams") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await datagram in connection.datagrams {
                    try await StandardOutput.shared.write(datagram + [UInt8(ascii: "\n")])
                }
            }
            group.addTask {
                try await Self.sendLines(over: connection)
                // Nothing tells the end of datagrams: who listens stays until the caller goes.
                if isCalling {
                    try await Task.sleep(for: self.linger)
                } else {
                    _ = try await connection.closed()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func sendLines(over connection: QUICConnection) async throws {
        var line: [UInt8] = []
        for try await piece in StandardInput.shared {
            let parts = piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                line += part
                guard line.count <= 65_535 else { throw ConnectFailure("a line is longer than any datagram") }
                guard index < parts.count - 1 else { break }
                try await Self.send(line, over: connection)
                line = []
            }
        }
        if !line.isEmpty { try await Self.send(line, over: connection) }
    }

    private static func send(_ line: [UInt8], over connection: QUICConnection) async throws {
        let limit = connection.maximumDatagramSize
        guard line.count <= limit else {
            return Console.warn("a line of \(line.count) bytes was left out: a datagram here holds \(limit)")
        }
        try await Self.untilClosed { try await connection.sendDatagram(line) }
    }
}

/// What can't be carried, and why.
struct ConnectFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
