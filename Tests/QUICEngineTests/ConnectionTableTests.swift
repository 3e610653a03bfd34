import Testing

@testable import QUICEngine

@Suite("Connection table")
struct ConnectionTableTests {
    static func id(_ number: Int) -> ConnectionID {
        ConnectionID((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }) ?? ConnectionID()
    }

    static func issued(_ number: Int, sequence: UInt64 = 0) -> IssuedConnectionID {
        IssuedConnectionID(sequenceNumber: sequence, id: id(number), resetToken: nil)
    }

    static func at(_ nanoseconds: UInt64) -> EngineInstant { EngineInstant(nanoseconds: nanoseconds) }

    @Test("routes issued and client-chosen IDs, and knows no others")
    func routes() {
        let table = ConnectionTable<Int>()
        let taken = [table.insertInitial(Self.id(1), for: 7), table.issue(Self.issued(2), to: 7)]
        #expect(taken == [true, true])
        #expect(table.route(Self.id(1)) == .connection(7))
        #expect(table.route(Self.id(2)) == .connection(7))
        #expect(table.route(Self.id(3)) == .unknown)
        #expect(table.connectionCount == 1)
        #expect(table.issuedCount == 1)
        #expect(table.initialCount == 1)
    }

    @Test("refuses an ID that another connection has, and takes the same one twice from its owner")
    func collisions() {
        let table = ConnectionTable<Int>()
        let issued = [1, 2, 1].map { table.issue(Self.issued(1), to: $0) }
        #expect(issued == [true, false, true])
        #expect(table.issuedCount == 1)
        #expect(table.connectionIDs(of: 1).count == 1)
        #expect(table.route(Self.id(1)) == .connection(1))
        #expect(table.connectionIDs(of: 2).isEmpty)

        let stolen = table.insertInitial(Self.id(1), for: 2)
        #expect(!stolen)
        let inserted = [1, 2, 1].map { table.insertInitial(Self.id(5), for: $0) }
        #expect(inserted == [true, false, true])
        #expect(table.connectionCount == 1)
    }

    @Test("an ID is retired by its owner only, late packets are swallowed until the given time")
    func retirement() {
        let table = ConnectionTable<Int>()
        _ = table.issue(Self.issued(1), to: 1)
        _ = table.issue(Self.issued(2, sequence: 1), to: 1)
        _ = table.issue(Self.issued(3), to: 2)
        table.retire(Self.id(1), of: 2, until: Self.at(10))
        #expect(table.route(Self.id(1)) == .connection(1))
        table.retire(Self.id(1), of: 1, until: Self.at(10))
        #expect(table.route(Self.id(1)) == .retired)
        #expect(table.route(Self.id(2)) == .connection(1))
        #expect(table.connectionIDs(of: 1).map(\.id) == [Self.id(2)])
        table.forgetRetired(now: Self.at(9))
        #expect(table.route(Self.id(1)) == .retired)
        table.forgetRetired(now: Self.at(10))
        #expect(table.route(Self.id(1)) == .unknown)
        #expect(table.retiredCount == 0)
    }

    @Test("the client-chosen ID goes alone, late packets to it are swallowed, the issued ones stay")
    func initialExpires() {
        let table = ConnectionTable<Int>()
        _ = table.insertInitial(Self.id(1), for: 1)
        _ = table.issue(Self.issued(2), to: 1)
        table.removeInitial(of: 1, until: Self.at(3))
        table.removeInitial(of: 1, until: Self.at(30))
        table.removeInitial(of: 99, until: Self.at(30))
        #expect(table.route(Self.id(1)) == .retired)
        #expect(table.route(Self.id(2)) == .connection(1))
        #expect(table.initialCount == 0)
        table.forgetRetired(now: Self.at(3))
        #expect(table.route(Self.id(1)) == .unknown)
        #expect(table.retiredCount == 0)
    }

    @Test("removing a connection takes its routes only, its IDs are remembered for a while")
    func removal() {
        let table = ConnectionTable<Int>()
        _ = table.insertInitial(Self.id(1), for: 1)
        _ = table.issue(Self.issued(2), to: 1)
        _ = table.issue(Self.issued(3), to: 2)
        table.remove(1, rememberingUntil: Self.at(5))
        table.remove(1, rememberingUntil: Self.at(500))
        #expect(table.route(Self.id(1)) == .retired)
        #expect(table.route(Self.id(2)) == .retired)
        #expect(table.route(Self.id(3)) == .connection(2))
        table.forgetRetired(now: Self.at(5))
        #expect(table.retiredCount == 0)
        #expect(table.connectionCount == 1)
    }

    @Test("an ID that is issued again after its retirement is routed, and outlives its old tombstone")
    func issuedAgain() {
        let table = ConnectionTable<Int>()
        _ = table.issue(Self.issued(1), to: 1)
        table.retire(Self.id(1), of: 1, until: Self.at(10))
        let isTaken = table.issue(Self.issued(1), to: 2)
        #expect(isTaken)
        #expect(table.route(Self.id(1)) == .connection(2))
        table.forgetRetired(now: Self.at(20))
        #expect(table.route(Self.id(1)) == .connection(2))
        // Retired again for longer than the first time: the first time's end does not count.
        table.retire(Self.id(1), of: 2, until: Self.at(40))
        table.forgetRetired(now: Self.at(30))
        #expect(table.route(Self.id(1)) == .retired)
    }

    @Test("lists a connection's IDs in the order of their numbers")
    func order() {
        let table = ConnectionTable<Int>()
        for number in [3, 1, 2, 0] { _ = table.issue(Self.issued(number, sequence: UInt64(number)), to: 1) }
        #expect(table.connectionIDs(of: 1).map(\.sequenceNumber) == [0, 1, 2, 3])
    }

    @Test("does what a plain list of routes does, for random steps", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func model(seed: UInt64) {
        let random = SeededRandomness(seed: seed)
        func pick(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let table = ConnectionTable<Int>()
        var issued: [Int: Int] = [:]
        var initial: [Int: Int] = [:]
        var retired: [Int: UInt64] = [:]
        var now: UInt64 = 0

        for step in 0..<3_000 {
            let (number, handle) = (pick(40), pick(6))
            switch pick(6) {
            case 0, 1:
                let isFree = issued[number] == nil || issued[number] == handle
                let isTaken = table.issue(Self.issued(number, sequence: UInt64(number)), to: handle)
                #expect(isTaken == isFree)
                if isFree { (issued[number], retired[number]) = (handle, nil) }
            case 2:
                // A connection has one client-chosen ID.
                guard !initial.values.contains(handle) else { break }
                let isFree = issued[number] == nil && initial[number] == nil
                let isTaken = table.insertInitial(Self.id(number), for: handle)
                #expect(isTaken == isFree)
                if isFree { (initial[number], retired[number]) = (handle, nil) }
            case 3:
                table.retire(Self.id(number), of: handle, until: Self.at(now + 50))
                if issued[number] == handle { (issued[number], retired[number]) = (nil, now + 50) }
            case 4 where pick(4) == 0:
                table.remove(handle, rememberingUntil: Self.at(now + 20))
                for (number, owner) in issued where owner == handle {
                    (issued[number], retired[number]) = (nil, now + 20)
                }
                for (number, owner) in initial where owner == handle {
                    (initial[number], retired[number]) = (nil, now + 20)
                }
            default:
                now += UInt64(pick(10))
                table.forgetRetired(now: Self.at(now))
                retired = retired.filter { $0.value > now }
            }
            for number in 0..<40 {
                let expected: ConnectionTable<Int>.Route =
                    (issued[number] ?? initial[number]).map { .connection($0) }
                    ?? (retired[number] == nil ? .unknown : .retired)
                let found = table.route(Self.id(number))
                #expect(found == expected, "seed \(seed), step \(step), ID \(number)")
                guard found == expected else { return }
            }
            #expect(table.issuedCount == issued.count)
            #expect(table.initialCount == initial.count)
            #expect(table.retiredCount == retired.count)
        }
    }
}
