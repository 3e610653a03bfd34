/// Makes the connection IDs that peers address us by. All IDs of one socket have one length.
///
/// The default is random. One that embeds a shard or a server number lets a load balancer route by it.
public protocol ConnectionIDGenerator: Sendable {
    /// How many bytes each ID has: 4 to 20. Fewer would collide, more do not exist.
    var length: Int { get }

    /// Where in its IDs one plain byte is the number of an event loop, for the kernel to steer by; nil where none is.
    var shardByteOffset: Int? { get }

    /// Returns a new ID of exactly `length` bytes, drawing what must be unpredictable from `random`.
    func makeConnectionID(random: any Randomness) -> ConnectionID

    /// The number of the event loop that an ID belongs to; nil where the ID names none or is not one of ours.
    func shard(of id: ConnectionID) -> UInt8?

    /// A generator whose IDs belong to this event loop. Those of all loops share what must not repeat between them.
    func forShard(_ shard: UInt8) -> any ConnectionIDGenerator
}

extension ConnectionIDGenerator {
    /// No byte.
    public var shardByteOffset: Int? { nil }

    /// No number.
    public func shard(of id: ConnectionID) -> UInt8? { nil }

    /// The same generator.
    public func forShard(_ shard: UInt8) -> any ConnectionIDGenerator { self }
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

    /// The first byte, where it names an event loop.
    public var shardByteOffset: Int? { self.shard == nil ? nil : 0 }

    /// Returns a new random ID.
    public func makeConnectionID(random: any Randomness) -> ConnectionID {
        let id = ConnectionID(random: random, count: self.length)
        guard let shard = self.shard else { return id }
        return ConnectionID([shard] + id.bytes.dropFirst()) ?? id
    }

    /// The first byte, where it names an event loop.
    public func shard(of id: ConnectionID) -> UInt8? {
        self.shard == nil || id.count != self.length ? nil : id[0]
    }

    /// IDs of the same length that begin with `shard`.
    public func forShard(_ shard: UInt8) -> any ConnectionIDGenerator {
        RandomConnectionIDGenerator(length: self.length, shard: shard)
    }
}
