internal import Synchronization

extension LibP2PStream {
    /// Writes bytes, in order, and returns once the connection has taken charge of all of them. It waits while too much
    /// of what was written before is still here.
    public func write(_ bytes: [UInt8]) async throws(LibP2PError) {
        try await self.writing.withLock { () async throws(LibP2PError) in
            do throws(LibP2PError) {
                try await self.base.write(bytes)
            } catch {
                // Where a lazy offer was refused, the stream was reset because of that.
                throw self.state.withLock { $0.failure } ?? error
            }
        }
    }

    /// Writes a text in UTF-8.
    public func write(_ text: String) async throws(LibP2PError) { try await self.write(Array(text.utf8)) }

    /// Writes one message with its length in front, as a varint.
    public func writeMessage(_ bytes: [UInt8]) async throws(LibP2PError) {
        var message: [UInt8] = []
        Varint.append(countOf: bytes, to: &message)
        try await self.write(message + bytes)
    }

    /// Writes one message with its length in front, in four bytes of which the first is the highest.
    public func writeFrame(_ bytes: [UInt8]) async throws(LibP2PError) {
        guard let count = UInt32(exactly: bytes.count) else {
            throw LibP2PError(.tooLong, "a frame has less than 4 GiB, not \(bytes.count) bytes")
        }
        let length = (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * $0)) }
        try await self.write(length + bytes)
    }
}
