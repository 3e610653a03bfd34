/// Makes the connection IDs that peers address us by. All IDs of one socket have one length.
///
/// The default is random. One that embeds a shard or a server number lets a load balancer route by it.
public protocol ConnectionIDGenerator: Sendable {
    /// How many bytes each ID has: 4 to 20. Fewer would collide, more do not exist.
    var length: Int { get }

    /// Returns a new ID of exactly `length` bytes, drawing what must be unpredictable from `random`.
    func makeConnectionID(random: any Randomness) -> ConnectionID
}

/// IDs of random bytes, the first of which may carry the number of the event loop they belong to.
public struct RandomConnectionIDGenerator: ConnectionIDGenerator {
    /// How many bytes each ID has.
    public let length: Int
    /// What the first byte is, if it is to name an event loop.
    public let shard: UInt8?

    /// Creates a generator. Lengths outside 4…20 are brought inside.
    public init(length: Int = 8, shard: UInt8? = nil) {
        self.length = min(max(length, 4), ConnectionID.maximumLength)
        self.shard = shard
    }

    /// Returns a new random ID.
    public func makeConnectionID(random: any Randomness) -> ConnectionID {
        let id = ConnectionID(random: random, count: self.length)
        guard let shard = self.shard else { return id }
        return ConnectionID([shard] + id.bytes.dropFirst()) ?? id
    }
}
