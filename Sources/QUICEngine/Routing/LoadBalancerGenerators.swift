/// IDs for AWS's Network Load Balancer, which reads eight plain bytes behind the first one.
///
///     let generator = try NLBConnectionIDGenerator(serverID: [0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x17, 0x28])
///
/// The server's number is what the target was registered with, `0x` and sixteen digits.
public struct NLBConnectionIDGenerator: ConnectionIDGenerator {
    private let base: QUICLBConnectionIDGenerator

    /// Creates a generator. Throws unless the server's number has eight bytes and the nonce four to eleven.
    public init(
        serverID: [UInt8], nonceLength: Int = 8, shard: UInt8? = nil, random: any Randomness = SystemRandomness()
    ) throws(EngineError) {
        guard serverID.count == 8 else {
            throw EngineError(
                .invalidConfiguration,
                "the load balancer's server IDs have 8 bytes, not \(serverID.count): use the one the target is registered with"
            )
        }
        self.base = try QUICLBConnectionIDGenerator(
            serverID: serverID, nonceLength: nonceLength, shard: shard, random: random)
    }

    private init(base: QUICLBConnectionIDGenerator) { self.base = base }

    /// The server's number.
    public var serverID: [UInt8] { self.base.serverID }
    /// How many bytes each ID has: nine and the nonce.
    public var length: Int { self.base.length }
    /// The byte behind the server's number, where it names an event loop.
    public var shardByteOffset: Int? { self.base.shardByteOffset }

    /// Returns a new ID.
    public func makeConnectionID(random: any Randomness) -> ConnectionID {
        self.base.makeConnectionID(random: random)
    }

    /// The number of the server that made an ID.
    public func serverID(of id: ConnectionID) -> [UInt8]? { self.base.serverID(of: id) }

    /// The event loop that an ID of this server belongs to.
    public func shard(of id: ConnectionID) -> UInt8? { self.base.shard(of: id) }

    /// IDs of the same server, for one event loop.
    public func forShard(_ shard: UInt8) -> any ConnectionIDGenerator {
        guard let base = self.base.forShard(shard) as? QUICLBConnectionIDGenerator else { return self }
        return Self(base: base)
    }
}

/// IDs of twenty bytes that begin with the key of a socket, as nginx's kernel program for QUIC steers by.
public struct NginxConnectionIDGenerator: ConnectionIDGenerator {
    /// The key of each event loop's socket, in the order of their numbers.
    public let socketKeys: [UInt64]
    private let index: Int

    /// Creates a generator for one socket, or for one on each event loop. Throws unless there is one, and where two
    /// are the same.
    public init(socketKeys: [UInt64]) throws(EngineError) {
        guard 1...256 ~= socketKeys.count, Set(socketKeys).count == socketKeys.count else {
            throw EngineError(
                .invalidConfiguration, "name 1 to 256 different socket keys: the kernel finds a socket by its key")
        }
        self.init(socketKeys: socketKeys, index: 0)
    }

    private init(socketKeys: [UInt64], index: Int) {
        self.socketKeys = socketKeys
        self.index = index
    }

    /// Twenty bytes.
    public var length: Int { ConnectionID.maximumLength }

    /// Returns a new ID: the key and twelve random bytes.
    public func makeConnectionID(random: any Randomness) -> ConnectionID {
        let key = self.socketKeys[self.index]
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: key >> UInt64(56 - 8 * $0)) }
        return ConnectionID(prefix + ConnectionID(random: random, count: 12).bytes) ?? ConnectionID()
    }

    /// The event loop whose socket's key an ID begins with.
    public func shard(of id: ConnectionID) -> UInt8? {
        guard id.count == self.length else { return nil }
        return self.socketKeys.firstIndex(of: id.first).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// IDs that begin with the key of that loop's socket; the first one's where there are fewer keys than loops.
    public func forShard(_ shard: UInt8) -> any ConnectionIDGenerator {
        Self(socketKeys: self.socketKeys, index: Int(shard) < self.socketKeys.count ? Int(shard) : 0)
    }
}
