import QUIC

/// The serving half of ALPN `perf`, on the event loop: a stream of eight bytes, a length, and anything after them is
/// answered by so many bytes.
struct PerfService {
    private struct Transfer {
        var header: [UInt8] = []
        /// How many bytes are still owed; nil until the client has finished.
        var left: UInt64?

        /// Keeps the first eight bytes, and counts all.
        mutating func take(_ bytes: RawSpan) -> Int {
            for index in bytes.byteOffsets.prefix(8 - self.header.count) { self.header.append(bytes.byte(at: index)) }
            return bytes.byteCount
        }
    }

    private var transfers: [StreamID: Transfer] = [:]
    private var zeros: Chunk?
    private(set) var bytesReceived: UInt64 = 0
    private(set) var bytesSent: UInt64 = 0
    private(set) var requests: UInt64 = 0

    init(_ connection: isolated QUICConnection) { self.zeros = PerfRequest.zeros(connection) }

    mutating func begin(_ stream: StreamID, _ connection: isolated QUICConnection) {
        self.transfers[stream] = Transfer()
        self.receive(stream, connection)
    }

    mutating func receive(_ stream: StreamID, _ connection: isolated QUICConnection) {
        guard var transfer = self.transfers[stream] else { return }
        while let count = connection.withNextBytes(of: stream, { transfer.take($0) }) {
            self.bytesReceived += UInt64(count)
        }
        guard transfer.left == nil, connection.isAtEnd(stream) else {
            self.transfers[stream] = transfer
            return
        }
        self.requests += 1
        transfer.left = transfer.header.count == 8 ? transfer.header.reduce(0) { $0 << 8 | UInt64($1) } : 0
        self.transfers[stream] = stream.isBidirectional ? transfer : nil
        self.send(stream, connection)
    }

    mutating func send(_ stream: StreamID, _ connection: isolated QUICConnection) {
        guard var transfer = self.transfers[stream], let owed = transfer.left, let zeros = self.zeros else { return }
        var left = owed
        // One piece, handed over again and again: nothing is copied.
        while left >= UInt64(zeros.count), connection.write(zeros, to: stream) { left -= UInt64(zeros.count) }
        if 1..<UInt64(zeros.count) ~= left {
            let rest = zeros.withBytes { connection.makeChunk(copying: $0.extracting(first: Int(left))) }
            if rest.allSatisfy({ connection.write($0, to: stream) }) { left = 0 }
        }
        self.bytesSent &+= owed - left
        transfer.left = left
        self.transfers[stream] = transfer
        if left == 0 {
            connection.finish(stream)
            self.transfers[stream] = nil
        }
    }

    /// The client wants no more of it, or the stream is over.
    mutating func forget(_ stream: StreamID) { self.transfers[stream] = nil }
}
