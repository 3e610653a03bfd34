import QUICTestSupport
import Testing

@testable import QUICEngine

/// Makes IDs of another length than it promises.
struct LyingGenerator: ConnectionIDGenerator {
    let length = 8
    let realLength: Int

    func makeConnectionID(random: any Randomness) -> ConnectionID {
        ConnectionID(random: random, count: self.realLength)
    }
}

@Suite("Connection ID")
struct ConnectionIDTests {
    @Test("keeps its bytes for each length from 0 to 20", arguments: 0...20)
    func bytes(count: Int) throws {
        let bytes = (0..<count).map { UInt8($0 * 13 + 1) }
        let id = try #require(ConnectionID(bytes))
        #expect(id.count == count)
        #expect(id.bytes == bytes)
        #expect((0..<count).map { id[$0] } == bytes)
        #expect(ConnectionID(id.cValue) == id)
    }

    @Test("of more than twenty bytes does not exist")
    func tooLong() {
        #expect(ConnectionID(Array(repeating: 1, count: 21)) == nil)
        #expect(ConnectionID(random: SeededRandomness(seed: 1), count: 50).count == 20)
        #expect(ConnectionID(random: SeededRandomness(seed: 1), count: -1) == ConnectionID())
    }

    @Test("reads zero outside its bytes")
    func outside() throws {
        let id = try #require(ConnectionID([1, 2, 3]))
        #expect(id[3] == 0)
        #expect(id[-1] == 0)
        #expect(id[99] == 0)
    }

    @Test("differs in each byte and in its length")
    func equality() throws {
        let bytes = [UInt8](repeating: 0, count: 20)
        let id = try #require(ConnectionID(bytes))
        var all: Set<ConnectionID> = [id]
        for index in 0..<20 {
            var other = bytes
            other[index] = 1
            let isNew = all.insert(try #require(ConnectionID(other))).inserted
            #expect(isNew)
        }
        // Zero bytes at the end count.
        for count in 0..<20 { all.insert(try #require(ConnectionID(bytes.prefix(count)))) }
        #expect(all.count == 41)
        #expect(all.contains(try #require(ConnectionID(bytes))))
    }

    @Test("is cut out of a packet, or does not exist where the packet ends too early")
    func fromSpan() throws {
        let packet: [UInt8] = [9, 1, 2, 3, 4]
        #expect(ConnectionID(packet.span.bytes, offset: 1, count: 4) == ConnectionID([1, 2, 3, 4]))
        #expect(ConnectionID(packet.span.bytes, offset: 5, count: 0) == ConnectionID())
        #expect(ConnectionID(packet.span.bytes, offset: 2, count: 4) == nil)
        #expect(ConnectionID(packet.span.bytes, offset: -1, count: 2) == nil)
        #expect(ConnectionID(packet.span.bytes, offset: 0, count: -1) == nil)
        let long = [UInt8](repeating: 7, count: 40)
        #expect(ConnectionID(long.span.bytes, offset: 0, count: 21) == nil)
        #expect(ConnectionID(long.span.bytes, offset: .max, count: 4) == nil)
    }

    @Test("prints as hexadecimal digits")
    func description() throws {
        #expect(try #require(ConnectionID([0xc0, 0xff, 0x0e, 0])).description == "c0ff0e00")
        #expect(ConnectionID().description == "")
    }

    @Test("is random, and the same for the same seed")
    func random() {
        let random = SeededRandomness(seed: 5)
        let ids = Set((0..<1_000).map { _ in ConnectionID(random: random, count: 8) })
        #expect(ids.count == 1_000)
        #expect(
            ConnectionID(random: SeededRandomness(seed: 6), count: 20)
                == ConnectionID(random: SeededRandomness(seed: 6), count: 20))
        // All twenty bytes are drawn: none is the same in a thousand IDs.
        let long = (0..<1_000).map { _ in ConnectionID(random: random, count: 20) }
        for index in 0..<20 { #expect(Set(long.map { $0[index] }).count > 200, "byte \(index)") }
    }

    @Test("made by the default generator has its length, and the shard in its first byte")
    func generator() {
        let random = SeededRandomness(seed: 7)
        #expect(RandomConnectionIDGenerator().makeConnectionID(random: random).count == 8)
        #expect(RandomConnectionIDGenerator(length: 2).length == 4)
        #expect(RandomConnectionIDGenerator(length: 30).length == 20)
        let sharded = RandomConnectionIDGenerator(length: 12, shard: 3)
        let ids = (0..<100).map { _ in sharded.makeConnectionID(random: random) }
        #expect(ids.allSatisfy { $0.count == 12 && $0[0] == 3 })
        #expect(Set(ids).count == 100)
    }

    @Test("reset tokens keep their sixteen bytes, and follow from the secret and the ID alone")
    func resetToken() throws {
        let bytes = (0..<16).map { UInt8($0 * 17) }
        let token = try #require(StatelessResetToken(bytes))
        #expect(token.bytes == bytes)
        #expect(StatelessResetToken(Array(bytes.dropLast())) == nil)
        #expect(StatelessResetToken(bytes + [0]) == nil)

        let secret = [UInt8](repeating: 9, count: 32)
        let one = try #require(ConnectionID([1, 2, 3, 4]))
        let other = try #require(ConnectionID([1, 2, 3, 5]))
        #expect(StatelessResetToken(secret: secret, id: one) == StatelessResetToken(secret: secret, id: one))
        #expect(StatelessResetToken(secret: secret, id: one) != StatelessResetToken(secret: secret, id: other))
        #expect(
            StatelessResetToken(secret: [UInt8](repeating: 8, count: 32), id: one)
                != StatelessResetToken(secret: secret, id: one))
    }
}
