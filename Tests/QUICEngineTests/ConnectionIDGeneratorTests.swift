import Testing

@testable import QUICEngine

@Suite("Connection ID generators")
struct ConnectionIDGeneratorTests {
    private static let key = (0..<16).map { UInt8($0 * 11 + 3) }
    private static func seeded(_ seed: UInt64 = 1) -> SeededRandomness { SeededRandomness(seed: seed) }

    /// Server lengths and nonce lengths: the smallest, odd and even sums, one block, the largest.
    static let shapes = [(1, 4), (3, 4), (2, 4), (3, 6), (8, 8), (1, 15), (12, 4), (9, 10), (10, 9), (15, 4), (1, 18)]

    @Test("every ID leads back to its server and event loop, encrypted or not", arguments: shapes, [true, false])
    func roundTrip(shape: (Int, Int), isEncrypted: Bool) throws {
        let random = Self.seeded()
        let server = ConnectionID(random: random, count: shape.0).bytes
        let plain = try QUICLBConnectionIDGenerator(
            serverID: server, nonceLength: shape.1, key: isEncrypted ? Self.key : nil, rotation: 5, random: random)
        let generator = try #require(plain.forShard(200) as? QUICLBConnectionIDGenerator)
        var seen: Set<ConnectionID> = []
        for _ in 0..<300 {
            let id = generator.makeConnectionID(random: random)
            #expect(id.count == generator.length)
            #expect(id[0] >> 5 == 5)
            #expect(generator.serverID(of: id) == server)
            #expect(plain.serverID(of: id) == server)
            #expect(generator.shard(of: id) == 200)
            #expect(plain.shard(of: id) == nil)
            if let offset = generator.shardByteOffset { #expect(id[offset] == 200) }
            seen.insert(ConnectionID([0] + id.bytes.dropFirst()) ?? id)
        }
        #expect(seen.count == 300)
        #expect((generator.shardByteOffset == nil) == isEncrypted)
        #expect(plain.shardByteOffset == nil)
        #expect(generator.length == 1 + shape.0 + shape.1)
    }

    @Test("encryption is what a slow reading of the draft says, for every length", arguments: 5...19)
    func fourPasses(count: Int) throws {
        let cipher = try FourPassCipher(key: Self.key)
        let block = try AESBlockCipher(key: Self.key)
        let random = Self.seeded(UInt64(count))
        for _ in 0..<20 {
            let plain = ConnectionID(random: random, count: count).bytes
            let encrypted = cipher.encrypt(plain)
            #expect(encrypted == Self.slowly(plain, block))
            #expect(cipher.decrypt(encrypted) == plain)
            #expect(encrypted != plain)
        }
    }

    /// The four passes on lists of half bytes, so that an odd length needs no special case.
    private static func slowly(_ plain: [UInt8], _ block: AESBlockCipher) -> [UInt8] {
        if plain.count == 16 { return block.encrypt(plain) }
        let digits = plain.flatMap { [$0 >> 4, $0 & 15] }
        var (left, right) = (Array(digits.prefix(plain.count)), Array(digits.suffix(plain.count)))
        for pass in 1...4 {
            let isOddPass = pass % 2 == 1
            var half = isOddPass ? left : right
            // An odd left half is padded at its end, an odd right half at its start.
            if plain.count % 2 == 1 { half.insert(0, at: isOddPass ? half.count : 0) }
            var input = stride(from: 0, to: half.count, by: 2).map { half[$0] << 4 | half[$0 + 1] }
            input += [UInt8](repeating: 0, count: 14 - input.count) + [UInt8(plain.count), UInt8(pass)]
            var mask = block.encrypt(input).flatMap { [$0 >> 4, $0 & 15] }
            if isOddPass {
                if plain.count % 2 == 1 { mask.removeFirst() }
                right = zip(right, mask).map { $0 ^ $1 }
            } else {
                left = zip(left, mask).map { $0 ^ $1 }
            }
        }
        let all = left + right
        return stride(from: 0, to: all.count, by: 2).map { all[$0] << 4 | all[$0 + 1] }
    }

    @Test("a block is encrypted by itself: the one before it leaves no trace")
    func blockCipher() throws {
        let cipher = try AESBlockCipher(key: Self.key)
        let block = (0..<16).map { UInt8($0) }
        let first = cipher.encrypt(block)
        #expect(cipher.encrypt(block) == first)
        #expect(cipher.decrypt(first) == block)
        #expect(cipher.decrypt(first) == block)
        #expect(try AESBlockCipher(key: Self.key.reversed()).encrypt(block) != first)
        #expect(cipher.encrypt([1]) == cipher.encrypt([1] + [UInt8](repeating: 0, count: 15)))
        #expect(throws: EngineError(.invalidConfiguration, "")) { try AESBlockCipher(key: [1, 2, 3]) }
    }

    @Test("the first byte carries the configuration's number, and the length where that is wanted", arguments: [2, 3])
    func firstByte(bits: Int) throws {
        let random = Self.seeded()
        let tells = try QUICLBConnectionIDGenerator(
            serverID: [1, 2], nonceLength: 7, rotation: 2, rotationBits: bits, encodesLength: true, random: random)
        let id = tells.makeConnectionID(random: random)
        #expect(id[0] == 2 << UInt8(8 - bits) | 9)
        #expect(id.count == 10)

        let silent = try QUICLBConnectionIDGenerator(
            serverID: [1, 2], nonceLength: 7, rotation: 2, rotationBits: bits, random: random)
        let firstBytes = Set((0..<200).map { _ in silent.makeConnectionID(random: random)[0] })
        #expect(firstBytes.count > 1 << (7 - bits))
        #expect(firstBytes.allSatisfy { $0 >> UInt8(8 - bits) == 2 })
    }

    @Test("IDs of another configuration, length or server are not ours")
    func foreign() throws {
        let random = Self.seeded()
        let ours = try QUICLBConnectionIDGenerator(serverID: [7], shard: 1, random: random)
        let other = try QUICLBConnectionIDGenerator(serverID: [8], shard: 1, random: random)
        let later = try QUICLBConnectionIDGenerator(serverID: [7], rotation: 1, shard: 1, random: random)
        let longer = try QUICLBConnectionIDGenerator(serverID: [7], nonceLength: 9, shard: 1, random: random)
        #expect(ours.serverID(of: other.makeConnectionID(random: random)) == [8])
        #expect(ours.shard(of: other.makeConnectionID(random: random)) == nil)
        #expect(ours.serverID(of: later.makeConnectionID(random: random)) == nil)
        #expect(ours.serverID(of: longer.makeConnectionID(random: random)) == nil)
        #expect(ours.serverID(of: ConnectionID()) == nil)
    }

    @Test("event loops of one server never make the same ID, even with the shortest nonce")
    func shardsShareTheCounter() throws {
        let random = Self.seeded()
        let base = try QUICLBConnectionIDGenerator(
            serverID: [1], nonceLength: 4, encodesLength: true, random: random)
        var seen: Set<ConnectionID> = []
        for _ in 0..<2_000 {
            for shard in 0..<3 as Range<UInt8> { seen.insert(base.forShard(shard).makeConnectionID(random: random)) }
        }
        #expect(seen.count == 6_000)
    }

    @Test("without a key the nonce still looks random: neighbours differ in about half of their bits")
    func plaintextNonce() throws {
        let random = Self.seeded()
        let generator = try QUICLBConnectionIDGenerator(serverID: [1], nonceLength: 8, random: random)
        let ids = (0..<200).map { _ in generator.makeConnectionID(random: random).bytes.suffix(8) }
        let differing = zip(ids, ids.dropFirst()).map { zip($0, $1).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount } }
        let average = Double(differing.reduce(0, +)) / Double(differing.count)
        #expect(abs(average - 32) < 3)
    }

    @Test(
        "lengths and numbers that do not fit are refused",
        arguments: [(0, 8, 0, 3), (1, 3, 0, 3), (16, 4, 0, 3), (1, 19, 0, 3), (1, 4, 7, 3), (1, 4, 3, 2), (1, 4, 0, 4)])
    func refused(serverLength: Int, nonceLength: Int, rotation: Int, bits: Int) {
        #expect(throws: EngineError(.invalidConfiguration, "")) {
            try QUICLBConnectionIDGenerator(
                serverID: [UInt8](repeating: 1, count: serverLength), nonceLength: nonceLength,
                rotation: UInt8(rotation), rotationBits: bits)
        }
    }

    @Test("AWS's load balancer finds its eight bytes in the clear behind the first one")
    func networkLoadBalancer() throws {
        let random = Self.seeded()
        let server: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let generator = try NLBConnectionIDGenerator(serverID: server, random: random)
        let sharded = generator.forShard(3)
        let id = sharded.makeConnectionID(random: random)
        #expect(Array(id.bytes[1...8]) == server)
        #expect(id[9] == 3)
        #expect(sharded.shardByteOffset == 9)
        #expect(sharded.shard(of: id) == 3)
        #expect(generator.serverID(of: id) == server)
        #expect(generator.length == 17)
        #expect(throws: EngineError(.invalidConfiguration, "")) { try NLBConnectionIDGenerator(serverID: [1]) }
    }

    @Test("nginx's IDs begin with the key of the event loop's socket")
    func nginx() throws {
        let random = Self.seeded()
        let generator = try NginxConnectionIDGenerator(socketKeys: [0x0102_0304_0506_0708, 9])
        let ids = [0, 1, 7].map { generator.forShard($0).makeConnectionID(random: random) }
        #expect(ids.map { Array($0.bytes.prefix(8)) } == [Array(1...8), [0, 0, 0, 0, 0, 0, 0, 9], Array(1...8)])
        #expect(ids.map { generator.shard(of: $0) } == [0, 1, 0])
        #expect(ids.allSatisfy { $0.count == 20 })
        #expect(generator.shard(of: ConnectionID(random: random, count: 20)) == nil)
        #expect(throws: EngineError(.invalidConfiguration, "")) { try NginxConnectionIDGenerator(socketKeys: []) }
        #expect(throws: EngineError(.invalidConfiguration, "")) { try NginxConnectionIDGenerator(socketKeys: [1, 1]) }
    }

    @Test("random IDs name their event loop in the first byte, and none where they have none")
    func random() {
        let random = Self.seeded()
        let base = RandomConnectionIDGenerator(length: 10)
        let sharded = base.forShard(6)
        let id = sharded.makeConnectionID(random: random)
        #expect(id.count == 10)
        #expect(id[0] == 6)
        #expect(sharded.shard(of: id) == 6)
        #expect(sharded.shardByteOffset == 0)
        #expect(base.shard(of: id) == nil)
        #expect(base.shardByteOffset == nil)
        #expect(sharded.shard(of: ConnectionID()) == nil)
    }
}
