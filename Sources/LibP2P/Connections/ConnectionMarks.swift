/// When a host has more connections than it wants, and how many of them it keeps.
///
///     var marks = ConnectionMarks()
///     marks.high = 400  // above it, connections are closed
///     marks.low = 300   // until so many are left
///
/// Unlike ``ResourceLimits`` this is no wall: connections are let in, and the ones of least value are closed later.
public struct ConnectionMarks: Hashable, Sendable {
    /// With how many connections closing stops.
    public var low = 160
    /// Above how many connections closing begins.
    public var high = 192
    /// For how long a new connection is left alone: nobody knows yet what it is good for.
    public var grace: Duration = .seconds(20)
    /// How long it takes at least from one round of closing to the next.
    public var silence: Duration = .seconds(10)
    /// Of how many peers the values are remembered; naming more is refused.
    public var taggedPeers = 8_192
    /// How many names of values and of protections each peer may have.
    public var tagsPerPeer = 32

    /// The defaults, which are those of other implementations.
    public init() {}
}
