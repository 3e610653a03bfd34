// The router looks at every datagram with these: called across modules they were a third of what it costs to cut a
// joined buffer.
extension RawSpan {
    /// The byte at `offset`, which must be inside.
    @inlinable
    package func byte(at offset: Int) -> UInt8 { unsafe self.unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// The eight bytes at `offset`, which must be inside, as a number in the order of the network.
    @inlinable
    package func word(at offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafe self.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension RawSpan {
    /// Whether the `count` bytes at two places are the same; false where they are not all there.
    @inlinable
    package func hasEqualBytes(at first: Int, and second: Int, count: Int) -> Bool {
        guard first >= 0, second >= 0, count >= 0, max(first, second) <= self.byteCount - count else { return false }
        if count == 8 {
            return unsafe self.unsafeLoadUnaligned(fromByteOffset: first, as: UInt64.self)
                == self.unsafeLoadUnaligned(fromByteOffset: second, as: UInt64.self)
        }
        return (0..<count).allSatisfy { self.byte(at: first + $0) == self.byte(at: second + $0) }
    }
}

extension [UInt8] {
    /// Copies what a span lends.
    package init(copying span: RawSpan) { self = unsafe span.withUnsafeBytes { unsafe Array($0) } }

    /// Lends the bytes from `offset` on.
    package func withRawSpan<R, E: Error>(from offset: Int = 0, _ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        let span = self.span
        return try body(unsafe span.bytes.extracting(droppingFirst: offset))
    }

    /// Lends the bytes to be written over.
    package mutating func withMutableRawSpan<R, E: Error>(
        _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        var span = self.mutableSpan
        var bytes = unsafe span.mutableBytes
        return try body(&bytes)
    }
}
