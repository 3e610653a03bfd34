/// Reads the parts of a DNS message. What is not there is an error, never a trap.
struct DNSReader {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { self.position == self.bytes.count }

    mutating func number(bytes count: Int) throws(Malformed) -> UInt32 {
        try self.take(count).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func uint16() throws(Malformed) -> UInt16 { UInt16(truncatingIfNeeded: try self.number(bytes: 2)) }

    mutating func take(_ count: Int) throws(Malformed) -> [UInt8] {
        guard count <= self.bytes.count - self.position else { throw Malformed() }
        defer { self.position += count }
        return Array(self.bytes[self.position..<self.position + count])
    }

    /// A name, which may end in a pointer to an earlier one (RFC 1035, section 4.1.4). Each pointer must lead further
    /// back than all before it, so that none leads in a circle.
    mutating func name() throws(Malformed) -> DNSName {
        var labels: [[UInt8]] = []
        var length = 1
        var start = self.position
        var after: Int?
        while true {
            let head = Int(try self.number(bytes: 1))
            switch head >> 6 {
            case 0b00 where head == 0:
                if let after { self.position = after }
                guard let name = DNSName(labels: labels) else { throw Malformed() }
                return name
            case 0b00:
                length += 1 + head
                guard length <= DNSName.maximumLength else { throw Malformed() }
                labels.append(try self.take(head))
            case 0b11:
                let target = (head & 0x3F) << 8 | Int(try self.number(bytes: 1))
                guard target < start else { throw Malformed() }
                after = after ?? self.position
                start = target
                self.position = target
            default: throw Malformed()
            }
        }
    }
}
