import Testing

@testable import QUICEngine

extension ConnectionTableTests {
    private static func address(_ port: UInt16) -> NetworkAddress {
        NetworkAddress(ipv4: (10, 0, 0, 1), port: port)
    }

    private static func token(_ number: UInt64) -> StatelessResetToken {
        StatelessResetToken(high: number, low: ~number)
    }

    /// Connections 1…count with one ID each.
    private static func table(of count: Int) -> ConnectionTable<Int> {
        let table = ConnectionTable<Int>()
        for handle in 1...count { _ = table.issue(Self.issued(handle), to: handle) }
        return table
    }

    @Test("a packet with an unknown ID finds its way by address where one connection is there, and is not registered")
    func fallback() {
        let table = Self.table(of: 1)
        let associated = table.associate(1, with: Self.address(1))
        #expect(associated)
        #expect(table.route(Self.id(77)) == .unknown)
        #expect(table.fallback(for: Self.address(1)) == 1)
        #expect(table.fallback(for: Self.address(2)) == nil)
        #expect(table.route(Self.id(77)) == .unknown)
        #expect(table.statistics.fallbackRoutings == 1)
        #expect(table.statistics.connectionIDs == 1)
    }

    @Test("an address of several connections answers for none until one is left")
    func ambiguous() {
        let table = Self.table(of: 3)
        for handle in [1, 2, 3] { table.associate(handle, with: Self.address(1)) }
        #expect(table.fallback(for: Self.address(1)) == nil)
        table.remove(1, rememberingUntil: Self.at(1))
        #expect(table.fallback(for: Self.address(1)) == nil)
        table.disassociate(3)
        table.disassociate(3)
        #expect(table.fallback(for: Self.address(1)) == 2)
        #expect(table.statistics.ambiguousFallbacks == 2)
        table.remove(2, rememberingUntil: Self.at(1))
        #expect(table.fallback(for: Self.address(1)) == nil)
        #expect(table.statistics.addresses == 0)
    }

    @Test("the address follows a move, and only connections that have one move")
    func moves() {
        let table = Self.table(of: 2)
        table.associate(1, with: Self.address(1))
        table.moved(1, to: Self.address(5))
        table.moved(2, to: Self.address(6))
        table.moved(99, to: Self.address(7))
        #expect(table.address(of: 1) == Self.address(5))
        #expect(table.address(of: 2) == nil)
        #expect(table.fallback(for: Self.address(1)) == nil)
        #expect(table.fallback(for: Self.address(5)) == 1)
        let strangers = table.associate(99, with: Self.address(8))
        #expect(!strangers)
        #expect(table.connectionCount == 2)
        #expect(table.statistics.addresses == 1)
    }

    @Test("address owners agree with plain sets, for random steps", arguments: [1, 2, 3] as [UInt64])
    func addressModel(seed: UInt64) {
        let random = SeededRandomness(seed: seed)
        func pick(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let table = Self.table(of: 8)
        var model: [Int: UInt16] = [:]
        for _ in 0..<3_000 {
            let (handle, port) = (1 + pick(8), UInt16(pick(4)))
            switch pick(3) {
            case 0: table.disassociate(handle)
            default: table.associate(handle, with: Self.address(port))
            }
            model[handle] = table.address(of: handle)?.port
            for port in 0..<4 as Range<UInt16> {
                let owners = model.filter { $0.value == port }.keys
                #expect(table.fallback(for: Self.address(port)) == (owners.count == 1 ? owners.first : nil))
            }
            #expect(table.statistics.addresses == Set(model.values).count)
        }
    }

    @Test("a reset token leads to its connection until it is forgotten or the connection goes")
    func resetTokens() {
        let table = Self.table(of: 2)
        let learned = [
            table.learn(Self.token(1), number: 0, for: 1), table.learn(Self.token(1), number: 0, for: 2),
            table.learn(Self.token(2), number: 1, for: 1), table.learn(Self.token(3), number: 0, for: 2),
            table.learn(Self.token(4), number: 0, for: 99),
        ]
        #expect(learned == [true, false, true, true, false])
        #expect(table.statistics.resetTokens == 3)
        #expect(table.owner(ofResetToken: Self.token(1)) == 1)
        table.forget(Self.token(1), number: 0, for: 2)
        table.forget(Self.token(1), number: 7, for: 1)
        #expect(table.owner(ofResetToken: Self.token(1)) == 1)
        table.forget(Self.token(1), number: 0, for: 1)
        #expect(table.owner(ofResetToken: Self.token(1)) == nil)
        table.remove(1, rememberingUntil: Self.at(1))
        #expect(table.owner(ofResetToken: Self.token(2)) == nil)
        #expect(table.owner(ofResetToken: Self.token(3)) == 2)
        #expect(table.statistics.resetTokens == 1)
    }

    @Test("a token that a peer uses for two IDs lasts as long as one of them")
    func sharedToken() {
        let table = Self.table(of: 1)
        table.learn(Self.token(1), number: 0, for: 1)
        table.learn(Self.token(1), number: 1, for: 1)
        table.forget(Self.token(1), number: 0, for: 1)
        #expect(table.owner(ofResetToken: Self.token(1)) == 1)
        table.forget(Self.token(1), number: 1, for: 1)
        #expect(table.owner(ofResetToken: Self.token(1)) == nil)
    }

    @Test("a connection has a bounded number of reset tokens: the oldest makes room")
    func resetTokenLimit() {
        let table = Self.table(of: 1)
        let limit = UInt64(ConnectionTable<Int>.resetTokenLimit)
        for number in 0...limit { table.learn(Self.token(number), number: number, for: 1) }
        #expect(table.statistics.resetTokens == Int(limit))
        #expect(table.owner(ofResetToken: Self.token(0)) == nil)
        #expect(table.owner(ofResetToken: Self.token(limit)) == 1)
    }

    @Test("a datagram's last sixteen bytes are compared, and nothing under 21 bytes can be a reset")
    func resetDatagrams() {
        let table = Self.table(of: 1)
        table.learn(Self.token(1), number: 0, for: 1)
        for (size, owner) in [(40, 1), (5, 1), (4, nil), (0, nil)] as [(Int, Int?)] {
            let datagram = [UInt8](repeating: 0x41, count: size) + Self.token(1).bytes
            #expect(table.owner(ofResetIn: datagram.span.bytes) == owner)
            #expect(table.owner(ofResetIn: (datagram + [0]).span.bytes) == nil)
        }
        #expect(table.owner(ofResetIn: [UInt8]().span.bytes) == nil)
    }
}
