internal import LibP2P
internal import Testing

@Suite struct VarintTests {
    private static let known: [(UInt64, String)] = [
        (0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (255, "ff01"), (300, "ac02"), (16_383, "ff7f"),
        (16_384, "808001"), (UInt64(UInt32.max), "ffffffff0f"), (1 << 56, "808080808080808001"),
        (Varint.maximum, "ffffffffffffffff7f"),
    ]

    @Test("Known integers have known bytes, both ways", arguments: known)
    func examples(value: UInt64, hex: String) throws {
        var bytes: [UInt8] = []
        try Varint.append(value, to: &bytes)
        #expect(bytes.hex == hex)
        var rest = [UInt8](hex: hex)[...]
        #expect(try Varint.read(from: &rest) == value)
        #expect(rest.isEmpty)
    }

    private static let rejected: [(String, LibP2PError.Code)] = [
        ("", .truncated), ("80", .truncated), ("ffffffffffffffff", .truncated),
        ("8000", .notMinimal), ("ff00", .notMinimal), ("808000", .notMinimal), ("808080808080808000", .notMinimal),
        ("80808080808080808001", .tooLong), ("ffffffffffffffffff01", .tooLong), ("ffffffffffffffffff", .tooLong),
        ("80808080808080808000", .tooLong),
    ]

    @Test("Cut, padded and overlong integers are rejected and leave the input alone", arguments: rejected)
    func rejections(hex: String, code: LibP2PError.Code) {
        let bytes = [UInt8](hex: hex)
        var rest = bytes[...]
        let error = #expect(throws: LibP2PError.self) { try Varint.read(from: &rest) }
        #expect(error?.code == code)
        #expect(Array(rest) == bytes)
    }

    @Test("Integers above 63 bits cannot be written", arguments: [Varint.maximum + 1, .max])
    func tooLarge(value: UInt64) {
        var bytes: [UInt8] = [7]
        let error = #expect(throws: LibP2PError.self) { try Varint.append(value, to: &bytes) }
        #expect(error?.code == .tooLong)
        #expect(bytes == [7])
    }

    @Test("Reading stops where the integer ends, in the middle of a slice too")
    func stopsAtTheEnd() throws {
        let bytes: [UInt8] = [9, 9, 0xAC, 0x02, 0x80, 0x01, 0x55]
        var rest = bytes[2...]
        #expect(try Varint.read(from: &rest) == 300)
        #expect(try Varint.read(from: &rest) == 128)
        #expect(rest == [0x55])
    }

    @Test("The number of elements is written like any integer")
    func counts() {
        var bytes: [UInt8] = []
        Varint.append(countOf: [UInt8](repeating: 1, count: 300), to: &bytes)
        Varint.append(countOf: "", to: &bytes)
        #expect(bytes == [0xAC, 0x02, 0x00])
    }

    @Test("Random integers of every width come back", arguments: [1, 2, 3] as [UInt64])
    func roundTrips(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let value = random.next() >> UInt64.random(in: 1...63, using: &random)
            var bytes: [UInt8] = []
            try Varint.append(value, to: &bytes)
            #expect(bytes.count == max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7), "seed \(seed)")
            var rest = bytes[...]
            #expect(try Varint.read(from: &rest) == value, "seed \(seed)")
            for count in 0..<bytes.count {
                var cut = bytes[..<count]
                #expect(throws: LibP2PError.self, "seed \(seed)") { try Varint.read(from: &cut) }
            }
        }
    }

    @Test("Whatever random bytes are accepted are the bytes that would be written", arguments: [4, 5] as [UInt64])
    func onlyOneForm(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var accepted = 0
        for _ in 0..<5_000 {
            let bytes = [UInt8].random(count: Int.random(in: 0...11, using: &random), using: &random)
            var rest = bytes[...]
            guard let value = try? Varint.read(from: &rest) else { continue }
            accepted += 1
            var again: [UInt8] = []
            try Varint.append(value, to: &again)
            #expect(again + rest == bytes, "seed \(seed)")
        }
        #expect(accepted > 1_000)
    }
}
