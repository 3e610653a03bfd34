internal import Synchronization

/// A stream of which some bytes have been read already: they come first.
final class RemainderStream: DuplexStream {
    private let remainder: Mutex<[UInt8]>
    private let base: any DuplexStream

    init(_ remainder: [UInt8], before base: any DuplexStream) {
        self.remainder = Mutex(remainder)
        self.base = base
    }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        let bytes = self.remainder.withLock { remainder in
            let bytes = Array(remainder.prefix(max(maximum, 1)))
            remainder.removeFirst(bytes.count)
            return bytes
        }
        return bytes.isEmpty ? try await self.base.read(maximum: maximum) : bytes
    }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) { try await self.base.write(bytes) }

    func finish() throws(LibP2PError) { try self.base.finish() }

    func stopReading(code: StreamCode) {
        self.remainder.withLock { $0 = [] }
        self.base.stopReading(code: code)
    }

    func reset(code: StreamCode) {
        self.remainder.withLock { $0 = [] }
        self.base.reset(code: code)
    }
}
