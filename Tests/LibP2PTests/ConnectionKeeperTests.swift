import Testing

@testable import LibP2P

@Suite struct ConnectionKeeperTests {
    private static let start = ContinuousClock.now

    private static func marks(low: Int, high: Int) -> ConnectionMarks {
        var marks = ConnectionMarks()
        marks.low = low
        marks.high = high
        return marks
    }

    private static func at(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }

    /// One connection of each peer, a second apart.
    private static func keeper(_ count: Int, low: Int, high: Int) -> ConnectionKeeper<Int> {
        var keeper = ConnectionKeeper<Int>(self.marks(low: low, high: high))
        for number in 0..<count { keeper.add(number, to: .sample(number), now: self.at(Double(number))) }
        return keeper
    }

    @Test("Nothing is closed at the high mark; one above it, all above the low mark")
    func waterMarks() {
        var keeper = Self.keeper(10, low: 6, high: 10)
        #expect(keeper.toClose(now: Self.at(100)) == [])
        keeper.add(10, to: .sample(10), now: Self.at(10))
        #expect(keeper.toClose(now: Self.at(100)) == [0, 1, 2, 3, 4])
    }

    @Test("The least value goes first, and of equal value the oldest")
    func order() throws {
        var keeper = Self.keeper(6, low: 2, high: 4)
        try keeper.tag(.sample(0), "relay", value: 10)
        try keeper.tag(.sample(1), "bad", value: -5)
        try keeper.tag(.sample(2), "a", value: 2)
        try keeper.tag(.sample(2), "b", value: 3)
        try keeper.tag(.sample(3), "a", value: 4)
        #expect(keeper.toClose(now: Self.at(100)) == [1, 4, 5, 3])
    }

    @Test("A tag replaces its earlier value, and taking it back leaves the others")
    func tags() throws {
        var keeper = ConnectionKeeper<Int>(ConnectionMarks())
        try keeper.tag(.sample(1), "a", value: 3)
        try keeper.tag(.sample(1), "a", value: 5)
        try keeper.tag(.sample(1), "b", value: 1)
        #expect(keeper.value(of: .sample(1)) == 6)
        keeper.untag(.sample(1), "a")
        keeper.untag(.sample(2), "a")
        #expect(keeper.value(of: .sample(1)) == 1)
        try keeper.tag(.sample(1), "c", value: .max)
        #expect(keeper.value(of: .sample(1)) == .max)
    }

    @Test("Protected peers are never closed, until the last protection is gone")
    func protection() throws {
        var keeper = Self.keeper(5, low: 0, high: 1)
        try keeper.protect(.sample(2), "dht")
        try keeper.protect(.sample(2), "app")
        try keeper.tag(.sample(2), "bad", value: -100)
        #expect(keeper.toClose(now: Self.at(100)) == [0, 1, 3, 4])
        var isProtected = keeper.unprotect(.sample(2), "dht")
        #expect(isProtected)
        #expect(keeper.toClose(now: Self.at(200)) == [0, 1, 3, 4])
        isProtected = keeper.unprotect(.sample(2), "app")
        #expect(!isProtected)
        #expect(keeper.toClose(now: Self.at(300)) == [2, 0, 1, 3, 4])
    }

    @Test("A connection is left alone for its first 20 seconds, to the moment")
    func grace() {
        var keeper = ConnectionKeeper<Int>(Self.marks(low: 0, high: 1))
        keeper.add(1, to: .sample(1), now: Self.at(0))
        keeper.add(2, to: .sample(2), now: Self.at(5))
        #expect(keeper.toClose(now: Self.at(19.999)) == [])
        #expect(keeper.toClose(now: Self.at(20)) == [1])
    }

    @Test("Rounds of closing are 10 seconds apart; one that found nothing delays none")
    func silence() {
        var keeper = ConnectionKeeper<Int>(Self.marks(low: 1, high: 1))
        for number in 0..<3 { keeper.add(number, to: .sample(number), now: Self.at(0)) }
        #expect(keeper.toClose(now: Self.at(19)) == [])
        #expect(keeper.toClose(now: Self.at(20)) == [0, 1])
        #expect(keeper.toClose(now: Self.at(29.9)) == [])
        #expect(keeper.toClose(now: Self.at(30)) == [0, 1])
        keeper.remove(0)
        keeper.remove(1)
        keeper.remove(1)
        #expect(keeper.count == 1)
        #expect(keeper.toClose(now: Self.at(60)) == [])
    }

    @Test("Values are remembered without a connection, for so many peers and names and no more")
    func bounds() throws {
        var marks = ConnectionMarks()
        marks.taggedPeers = 3
        marks.tagsPerPeer = 2
        var keeper = ConnectionKeeper<Int>(marks)
        for number in 0..<3 { try keeper.tag(.sample(number), "a", value: 1) }
        var error = #expect(throws: LibP2PError.self) { try keeper.tag(.sample(3), "a", value: 1) }
        #expect(error?.limit == "taggedPeers")
        error = #expect(throws: LibP2PError.self) { try keeper.protect(.sample(3), "a") }
        #expect(error?.limit == "taggedPeers")
        try keeper.tag(.sample(0), "b", value: 1)
        try keeper.tag(.sample(0), "b", value: 2)
        error = #expect(throws: LibP2PError.self) { try keeper.tag(.sample(0), "c", value: 1) }
        #expect(error?.limit == "tagsPerPeer")
        keeper.untag(.sample(1), "a")
        try keeper.protect(.sample(3), "a")
        #expect(keeper.isProtected(.sample(3)))
    }
}
