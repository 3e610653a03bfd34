internal import Synchronization

/// IDs that carry a server's number, so that a load balancer finds the server of a client that has moved
/// (draft-ietf-quic-load-balancers).
///
///     let generator = try QUICLBConnectionIDGenerator(serverID: [0x00, 0x17], nonceLength: 6, key: sharedKey)
///     generator.serverID(of: id)  // [0x00, 0x17]
///
/// An ID is one byte, the server's number and a nonce that never repeats. With a key, which the load balancer must have
/// too, both are encrypted; without one, everybody can see which server a connection is on.
public struct QUICLBConnectionIDGenerator: ConnectionIDGenerator {
    /// The server's number: bytes, not an integer.
    public let serverID: [UInt8]
    /// How many bytes behind the server's number make the ID unique.
    public let nonceLength: Int
    /// Which of the load balancer's configurations the IDs are made under.
    public let rotation: UInt8
    /// How many bits of the first byte name the configuration: three, or two in revisions of the draft up to 16.
    public let rotationBits: Int
    /// Whether the rest of the first byte tells the ID's length, which some network cards want to know.
    public let encodesLength: Bool
    /// The event loop that the IDs belong to; the first byte of the nonce names it.
    public let shard: UInt8?

    private let cipher: FourPassCipher?
    /// Hides the counter where no key does: the nonce has to look random.
    private let noise: FourPassCipher
    private let counter: NonceCounter

    /// Creates a generator.
    ///
    /// Throws where the lengths do not fit: one byte of server's number at least, four of nonce, nineteen together. A
    /// nonce of four bytes lasts for four thousand million IDs, and for sixteen million where a shard takes one of them;
    /// then they repeat, and a new configuration is due long before.
    public init(
        serverID: [UInt8], nonceLength: Int = 8, key: [UInt8]? = nil, rotation: UInt8 = 0, rotationBits: Int = 3,
        encodesLength: Bool = false, shard: UInt8? = nil, random: any Randomness = SystemRandomness()
    ) throws(EngineError) {
        try Self.validate(serverID.count, nonceLength, rotation, rotationBits)
        self.serverID = serverID
        self.nonceLength = nonceLength
        self.rotation = rotation
        self.rotationBits = rotationBits
        self.encodesLength = encodesLength
        self.shard = shard
        if let key { self.cipher = try FourPassCipher(key: key) } else { self.cipher = nil }
        self.noise = try FourPassCipher(key: ConnectionID(random: random, count: 16).bytes)
        self.counter = NonceCounter(start: ConnectionID(random: random, count: ConnectionID.maximumLength).bytes)
    }

    private init(_ other: Self, shard: UInt8) {
        self.serverID = other.serverID
        self.nonceLength = other.nonceLength
        self.rotation = other.rotation
        self.rotationBits = other.rotationBits
        self.encodesLength = other.encodesLength
        self.shard = shard
        self.cipher = other.cipher
        self.noise = other.noise
        self.counter = other.counter
    }

    /// One byte, the server's number and the nonce.
    public var length: Int { 1 + self.serverID.count + self.nonceLength }

    /// The nonce's first byte; none with a key, as it is encrypted then.
    public var shardByteOffset: Int? { self.shard == nil || self.cipher != nil ? nil : 1 + self.serverID.count }

    /// Returns a new ID under the next nonce.
    public func makeConnectionID(random: any Randomness) -> ConnectionID {
        var nonce = self.counter.next(self.nonceLength - (self.shard == nil ? 0 : 1))
        if self.cipher == nil { nonce = self.noise.encrypt(nonce) }
        if let shard = self.shard { nonce.insert(shard, at: 0) }
        let plain = self.serverID + nonce
        let first = self.firstByte(UInt8(truncatingIfNeeded: random.next()))
        return ConnectionID([first] + (self.cipher?.encrypt(plain) ?? plain)) ?? ConnectionID()
    }

    /// The number of the server that made an ID, or nil where the ID was not made under this configuration.
    public func serverID(of id: ConnectionID) -> [UInt8]? {
        self.plain(id).map { Array($0.prefix(self.serverID.count)) }
    }

    /// The event loop that an ID of this server belongs to.
    public func shard(of id: ConnectionID) -> UInt8? {
        guard self.shard != nil, let plain = self.plain(id), plain.starts(with: self.serverID) else { return nil }
        return plain[self.serverID.count]
    }

    /// The same configuration, for one event loop. All of them count their nonces together.
    public func forShard(_ shard: UInt8) -> any ConnectionIDGenerator { Self(self, shard: shard) }

    private func plain(_ id: ConnectionID) -> [UInt8]? {
        guard id.count == self.length, id[0] >> UInt8(8 - self.rotationBits) == self.rotation else { return nil }
        let rest = Array(id.bytes.dropFirst())
        return self.cipher?.decrypt(rest) ?? rest
    }

    private func firstByte(_ noise: UInt8) -> UInt8 {
        let free = UInt8(8 - self.rotationBits)
        let rest = self.encodesLength ? UInt8(truncatingIfNeeded: self.length - 1) : noise
        return self.rotation << free | rest & (1 << free - 1)
    }

    private static func validate(
        _ serverLength: Int, _ nonceLength: Int, _ rotation: UInt8, _ rotationBits: Int
    ) throws(EngineError) {
        func refuse(_ message: String) -> EngineError { EngineError(.invalidConfiguration, message) }
        guard serverLength > 0 else { throw refuse("a server ID needs one byte at least: number your servers") }
        guard nonceLength >= 4 else {
            throw refuse("a nonce needs four bytes at least, not \(nonceLength): fewer would soon repeat")
        }
        guard serverLength <= 19, nonceLength <= 19, serverLength + nonceLength <= 19 else {
            throw refuse(
                "server ID (\(serverLength)) and nonce (\(nonceLength)) have 19 bytes at most together: shorten one")
        }
        guard rotationBits == 2 || rotationBits == 3 else {
            throw refuse("the configuration's number has 2 or 3 bits, not \(rotationBits): take the load balancer's")
        }
        // All ones say that no load balancer can route the ID.
        guard Int(rotation) < 1 << rotationBits - 1 else {
            throw refuse("configurations are numbered 0 to \(1 << rotationBits - 2), not \(rotation)")
        }
    }
}

/// Counts from a random start, so that no two nonces are the same and nobody learns how many there were.
private final class NonceCounter: Sendable {
    private let start: [UInt8]
    private let issued = Atomic<UInt64>(0)

    init(start: [UInt8]) { self.start = start }

    /// The next number, in `count` bytes: the start's, with the count added to the last eight.
    func next(_ count: Int) -> [UInt8] {
        let index = self.issued.wrappingAdd(1, ordering: .relaxed).oldValue
        var bytes = Array(self.start.prefix(count))
        var carry = index
        for position in bytes.indices.reversed() {
            let sum = UInt64(bytes[position]) &+ (carry & 0xff)
            bytes[position] = UInt8(truncatingIfNeeded: sum)
            carry = carry >> 8 &+ sum >> 8
        }
        return bytes
    }
}
