import QUIC

/// What the receiving end of a stream has seen of the bytes and of the checksum behind them.
struct TransferReceipt {
    private let expected: Int
    private(set) var left: Int
    private(set) var checksum = WordChecksum()
    private var trailer: [UInt8] = []

    init(expecting count: Int) {
        self.expected = count
        self.left = count
    }

    /// Reads to the end.
    static func read(
        _ count: Int, from stream: QUICStream, then note: (Int) -> Void = { _ in }
    ) async throws -> TransferReceipt {
        var receipt = TransferReceipt(expecting: count)
        while let chunk = try await stream.readChunk() {
            let before = receipt.left
            receipt.add(chunk)
            note(before - receipt.left)
        }
        return receipt
    }

    private mutating func add(_ chunk: Chunk) {
        let data = min(self.left, chunk.count)
        chunk.withBytes { self.checksum.add($0.extracting(first: data)) }
        // Whatever comes behind the checksum is one problem, not memory.
        if data < chunk.count, self.trailer.count <= 8 { self.trailer += chunk.bytes.dropFirst(data).prefix(9) }
        self.left -= data
    }

    /// What is wrong; nil: nothing.
    func problem(_ stream: StreamID) -> String? {
        guard self.left == 0, self.trailer.count == 8 else {
            return "stream \(stream) has \(self.expected - self.left) of \(self.expected) bytes"
        }
        return TransferProtocol.number(self.trailer) == self.checksum.value ? nil : "stream \(stream) arrived damaged"
    }
}
