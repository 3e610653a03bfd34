import Testing

@testable import QUICEngine

extension ConnectionTableTests {
    static func datagram(to id: ConnectionID, padding: Int = 20) -> [UInt8] {
        [0x40] + id.bytes + [UInt8](repeating: 0x55, count: padding)
    }

    private static func shortRoute(_ table: ConnectionTable<Int>, _ bytes: [UInt8]) -> ConnectionTable<Int>.Route {
        table.routeShort(bytes.span.bytes)
    }

    @Test("a short header is routed as its ID is, with IDs of any length", arguments: [4, 7, 8, 9, 16, 20])
    func shortHeaders(length: Int) {
        let random = SeededRandomness(seed: UInt64(length))
        let ids = (0..<4).map { _ in ConnectionID(random: random, count: length) }
        let table = ConnectionTable<Int>(localIDLength: length)
        _ = table.issue(IssuedConnectionID(sequenceNumber: 0, id: ids[0], resetToken: nil), to: 5)
        _ = table.insertInitial(ids[1], for: 6)
        _ = table.issue(IssuedConnectionID(sequenceNumber: 0, id: ids[2], resetToken: nil), to: 7)
        table.retire(ids[2], of: 7, until: Self.at(10))
        for id in ids { #expect(Self.shortRoute(table, Self.datagram(to: id)) == table.route(id)) }
        #expect(ids.map { table.route($0) } == [.connection(5), .connection(6), .retired, .unknown])
        #expect(Self.shortRoute(table, Self.datagram(to: ids[0], padding: 0)) == .connection(5))
        #expect(Self.shortRoute(table, Self.datagram(to: ids[0], padding: 0).dropLast()) == .unknown)
        #expect(Self.shortRoute(table, []) == .unknown)
    }

    @Test("IDs of eight bytes do not mix with shorter or longer ones that begin alike")
    func lengths() {
        let table = ConnectionTable<Int>()
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 0, 0, 0]
        for count in [7, 8, 9] {
            let id = ConnectionID(bytes.prefix(count)) ?? ConnectionID()
            _ = table.issue(IssuedConnectionID(sequenceNumber: 0, id: id, resetToken: nil), to: count)
        }
        let found = [7, 8, 9, 10].map { table.route(ConnectionID(bytes.prefix($0)) ?? ConnectionID()) }
        #expect(found == [.connection(7), .connection(8), .connection(9), .unknown])
    }

    @Test("a connection is promoted once, and its IDs are counted with it")
    func promotion() {
        let table = ConnectionTable<Int>()
        _ = table.issue(Self.issued(1), to: 1)
        _ = table.issue(Self.issued(2, sequence: 1), to: 1)
        _ = table.issue(Self.issued(3), to: 2)
        #expect(table.statistics.pendingConnections == 2)
        #expect(table.statistics.pendingIDs == 3)
        let promoted = [table.promote(1), table.promote(1), table.promote(9)]
        #expect(promoted == [true, false, false])
        #expect(table.isEstablished(1))
        #expect(!table.isEstablished(2))
        _ = table.issue(Self.issued(4, sequence: 2), to: 1)
        table.retire(Self.id(1), of: 1, until: Self.at(1))
        #expect(table.statistics.establishedIDs == 2)
        #expect(table.statistics.pendingIDs == 1)
        #expect(table.route(Self.id(2)) == .connection(1))
        table.remove(1, rememberingUntil: Self.at(1))
        #expect(table.statistics.establishedConnections == 0)
        #expect(table.statistics.establishedIDs == 0)
        #expect(table.statistics.pendingConnections == 1)
    }

    @Test("IDs are listed and retired by ranges of their numbers, and nothing outside a range goes")
    func ranges() {
        let table = ConnectionTable<Int>()
        for number in 0..<6 { _ = table.issue(Self.issued(number, sequence: UInt64(number)), to: 1) }
        _ = table.issue(Self.issued(60, sequence: 3), to: 2)
        #expect(table.sequenceNumber(of: Self.id(4)) == 4)
        #expect(table.sequenceNumber(of: Self.id(40)) == nil)
        #expect(table.connectionIDs(of: 1, numbers: 2..<4).map(\.id) == [Self.id(2), Self.id(3)])
        let none = table.retire(numbers: 2..<2, of: 1, until: Self.at(5))
        let retired = table.retire(numbers: 2..<5, of: 1, until: Self.at(5))
        #expect(none.isEmpty)
        #expect(retired.map(\.sequenceNumber) == [2, 3, 4])
        #expect(table.connectionIDs(of: 1).map(\.sequenceNumber) == [0, 1, 5])
        #expect(table.route(Self.id(3)) == .retired)
        #expect(table.route(Self.id(60)) == .connection(2))
        #expect(table.sequenceNumber(of: Self.id(3)) == nil)
    }

    @Test("retiring a high number leaves the lower ones alone")
    func retiresOne() {
        let table = ConnectionTable<Int>()
        for number in 0..<4 { _ = table.issue(Self.issued(number, sequence: UInt64(number)), to: 1) }
        table.retire(Self.id(3), of: 1, until: Self.at(5))
        #expect(table.connectionIDs(of: 1).map(\.sequenceNumber) == [0, 1, 2])
    }

    @Test("a second client-chosen ID of one connection takes the place of the first")
    func secondInitial() {
        let table = ConnectionTable<Int>()
        _ = table.insertInitial(Self.id(1), for: 1)
        _ = table.insertInitial(Self.id(2), for: 1)
        #expect(table.initialCount == 1)
        #expect(table.route(Self.id(1)) == .unknown)
        #expect(table.route(Self.id(2)) == .connection(1))
    }

    @Test("tombstones are bounded: the first to expire goes first, whatever the order they came in")
    func tombstoneLimit() {
        let table = ConnectionTable<Int>(tombstoneLimit: 3)
        for (number, expiry) in [(1, 40), (2, 10), (3, 30), (4, 20)] as [(Int, UInt64)] {
            _ = table.issue(Self.issued(number), to: number)
            table.retire(Self.id(number), of: number, until: Self.at(expiry))
        }
        #expect(table.retiredCount == 3)
        #expect([1, 2, 3, 4].map { table.route(Self.id($0)) } == [.retired, .unknown, .retired, .retired])
        table.forgetRetired(now: Self.at(30))
        #expect([1, 3, 4].map { table.route(Self.id($0)) } == [.retired, .unknown, .unknown])

        let none = ConnectionTable<Int>(tombstoneLimit: 0)
        _ = none.issue(Self.issued(1), to: 1)
        none.retire(Self.id(1), of: 1, until: Self.at(40))
        #expect(none.route(Self.id(1)) == .unknown)
    }

    @Test("tombstones agree with a plain dictionary, for random steps", arguments: [1, 2, 3] as [UInt64])
    func tombstoneModel(seed: UInt64) {
        let random = SeededRandomness(seed: seed)
        func pick(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        var tombstones = Tombstones(limit: 1_000)
        var model: [Int: UInt64] = [:]
        var now: UInt64 = 0
        for _ in 0..<5_000 {
            let number = pick(200)
            switch pick(4) {
            case 0, 1:
                let expiry = now + UInt64(pick(300))
                tombstones.insert(Self.id(number), until: Self.at(expiry))
                model[number] = expiry
            case 2:
                tombstones.remove(Self.id(number))
                model[number] = nil
            default:
                now += UInt64(pick(8))
                tombstones.removeExpired(now: Self.at(now))
                model = model.filter { $0.value > now }
            }
            #expect(tombstones.count == model.count)
            #expect(tombstones.contains(Self.id(number)) == (model[number] != nil))
        }
        tombstones.removeExpired(now: Self.at(.max))
        #expect(tombstones.count == 0)
    }

    @Test("counts sizes, look-ups and collisions, and forgets only the counters")
    func statistics() {
        let table = ConnectionTable<Int>()
        _ = table.insertInitial(Self.id(1), for: 1)
        for number in [0, 1, 2, 3, 64, 1_000] {
            _ = table.issue(Self.issued(100 + number, sequence: UInt64(number)), to: 1)
        }
        _ = table.issue(Self.issued(100), to: 2)
        table.retire(Self.id(103), of: 1, until: Self.at(9))
        for number in [1, 100, 103, 103, 9_999] { _ = table.route(Self.id(number)) }
        _ = Self.shortRoute(table, Self.datagram(to: Self.id(101)))

        var expected = ConnectionTableStatistics()
        expected.pendingConnections = 1
        expected.initialConnections = 1
        expected.pendingIDs = 5
        expected.connectionIDs = 6
        expected.trackedSequenceNumbers = 5
        expected.tombstones = 1
        expected.sequenceDistribution = [1, 1, 1, 0, 0, 0, 0, 2]
        expected.lookups = 6
        expected.retiredIDs = 2
        expected.unknownIDs = 1
        expected.collisions = 1
        #expect(table.statistics == expected)
        table.resetStatistics()
        (expected.lookups, expected.retiredIDs, expected.unknownIDs, expected.collisions) = (0, 0, 0, 0)
        #expect(table.statistics == expected)
        table.remove(1, rememberingUntil: Self.at(1))
        table.forgetRetired(now: Self.at(9))
        var empty = ConnectionTableStatistics()
        empty.sequenceDistribution = [Int](repeating: 0, count: 8)
        #expect(table.statistics == empty)
    }
}
