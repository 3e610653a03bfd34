internal import Testing

@testable internal import LibP2P

@Suite struct ProtobufTests {
    private func fields(_ hex: String, limit: Int = 100) throws(LibP2PError) -> [UInt64] {
        var reader = try ProtobufReader([UInt8](hex: hex), of: "Test", limit: limit)
        var numbers: [UInt64] = []
        while let field = try reader.next() { numbers.append(field.number) }
        return numbers
    }

    @Test("Integers and bytes come back, those of 64 bits too")
    func roundTrip() throws {
        var writer = ProtobufWriter()
        writer.append(1, UInt64.max)
        writer.append(2, "text")
        writer.append(3, UInt64?.none)
        writer.append(1_000, [1, 2] as [UInt8])
        #expect(writer.bytes.hex == "08ffffffffffffffffff01" + "120474657874" + "c23e020102")
        var reader = try ProtobufReader(writer.bytes, of: "Test", limit: 100)
        #expect(try reader.next()?.varint() == .max)
        #expect(try reader.next()?.text(limit: 4) == "text")
        let last = try #require(try reader.next())
        #expect(last.number == 1_000)
        #expect(try last.bytes(limit: 2) == [1, 2])
        #expect(try reader.next() == nil)
    }

    @Test("Fields of all kinds can be skipped")
    func skipping() throws {
        #expect(try self.fields("0801 120101 19 0102030405060708 25 01020304") == [1, 2, 3, 4])
    }

    private static let rejected: [(String, LibP2PError.Code)] = [
        ("08", .truncated), ("0880", .truncated), ("12", .truncated), ("120201", .truncated),
        ("19 01020304050607", .truncated), ("25 010203", .truncated),
        ("12 ffffffffffffffffff01", .truncated), ("12 8080808004", .truncated),
        ("08 ffffffffffffffffff02", .tooLong), ("08 8080808080808080808001", .tooLong),
        ("ffffffffffffffffffffff", .tooLong),
        ("00 01", .malformed), ("0b", .malformed), ("0c", .malformed), ("0e", .malformed), ("0f", .malformed),
    ]

    @Test("Broken fields are refused", arguments: rejected)
    func rejections(hex: String, code: LibP2PError.Code) {
        let error = #expect(throws: LibP2PError.self) { try self.fields(hex) }
        #expect(error?.code == code)
    }

    @Test("A message above its limit is refused before it is read")
    func tooLong() {
        let error = #expect(throws: LibP2PError.self) { try self.fields("0801", limit: 1) }
        #expect(error?.code == .tooLong)
    }

    @Test("A field of another kind than asked for is refused, and one that is too long")
    func wrongKind() throws {
        var reader = try ProtobufReader([UInt8](hex: "0801 12020102 1aff0" + "0"), of: "Test", limit: 100)
        let number = try #require(try reader.next())
        #expect(throws: LibP2PError.self) { try number.bytes(limit: 9) }
        let bytes = try #require(try reader.next())
        #expect(throws: LibP2PError.self) { try bytes.varint() }
        #expect(throws: LibP2PError.self) { try bytes.bytes(limit: 1) }
    }

    @Test("A text that is not UTF-8 is none")
    func invalidText() throws {
        var reader = try ProtobufReader([UInt8](hex: "0a02fffe"), of: "Test", limit: 100)
        #expect(try reader.next()?.text(limit: 9) == nil)
    }
}
