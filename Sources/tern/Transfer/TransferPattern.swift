import QUIC

/// The bytes that a transfer moves, over and over. Their number is prime, so that blocks that change places change the
/// checksum.
struct TransferPattern: Sendable {
    private let bytes: [UInt8]

    init() {
        var state: UInt64 = 1
        self.bytes = (0..<1_000_003).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    /// Sends so many bytes and their checksum, which it returns.
    func send(
        _ count: Int, to stream: QUICStream, then note: (Int) -> Void = { _ in }
    ) async throws -> WordChecksum {
        var checksum = WordChecksum()
        var left = count
        while left > 0 {
            let block = left >= self.bytes.count ? self.bytes : Array(self.bytes.prefix(left))
            checksum.add(block.span.bytes)
            try await stream.write(block)
            left -= block.count
            note(block.count)
        }
        try await stream.write(TransferProtocol.bytes(checksum.value))
        return checksum
    }
}
