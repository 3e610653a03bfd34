/// Reads numbers and counted byte strings from the front; nil where the bytes end too early.
package struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { self.position == self.bytes.count }

    package mutating func byte() -> UInt8? { self.bytes(1)?.first }

    package mutating func uint16() -> Int? { self.bytes(2).map { Int($0[0]) << 8 | Int($0[1]) } }

    package mutating func uint32() -> UInt32? { self.bytes(4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } } }

    package mutating func uint64() -> UInt64? { self.bytes(8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } } }

    package mutating func counted() -> [UInt8]? {
        guard let count = self.uint16() else { return nil }
        return self.bytes(count)
    }

    package mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= self.bytes.count - self.position else { return nil }
        defer { self.position += count }
        return Array(self.bytes[self.position..<self.position + count])
    }
}
