/// What a connection knows of congestion marks (RFC 9000 §13.4): those it sent, those it got, and whether the path keeps them.
///
///     if await connection.statistics().ecn.isValidated == false {
///         print("something on the way to \(connection.remoteAddress) clears congestion marks")
///     }
public struct ECNStatistics: Hashable, Sendable {
    /// Datagrams that left with ECT(0).
    public private(set) var sent: UInt64 = 0
    /// Datagrams that arrived with a mark of any kind.
    public private(set) var received: UInt64 = 0
    /// Of those, the ones that a router marked because of congestion (CE).
    public private(set) var congestionReceived: UInt64 = 0
    /// Whether the peer's acknowledgements have shown that marks arrive on the present path; nil while that is not known.
    ///
    /// It takes about a dozen packets. False says that a router clears the marks or that the peer does not report them.
    public private(set) var isValidated: Bool?

    private var markedInARow = 0
    private var bareInARow = 0

    /// Creates figures of nothing.
    public init() {}

    /// Another path has to be validated anew (RFC 9000 §9.5).
    mutating func beginPath() {
        self.isValidated = nil
        (self.markedInARow, self.bareInARow) = (0, 0)
    }

    /// The library does not tell the state of its validation, but the marks do: it marks ten datagrams at first, then none
    /// until they were acknowledged with their marks, and all from then on.
    mutating func noteSent(_ count: Int, _ ecn: ECN) {
        if ecn == .notCapable {
            guard self.markedInARow > 0 else { return }
            self.bareInARow += count
            // One or two without a mark may be probes of the path's size.
            if self.bareInARow > 2 { self.isValidated = false }
        } else {
            self.sent &+= UInt64(count)
            self.markedInARow += count
            if self.markedInARow > 10 || self.bareInARow > 2 { self.isValidated = true }
            self.bareInARow = 0
        }
    }

    mutating func noteReceived(_ count: Int, _ ecn: ECN) {
        guard ecn != .notCapable else { return }
        self.received &+= UInt64(count)
        if ecn == .congestionExperienced { self.congestionReceived &+= UInt64(count) }
    }
}
