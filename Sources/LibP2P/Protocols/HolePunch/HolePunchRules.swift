/// How holes are punched (DCUtR §Protocol); the numbers are what other implementations use.
struct HolePunchRules: Sendable {
    /// How often it is tried, each time from the beginning. The last time both ends dial: it helps where the other end has
    /// the roles the other way round.
    var attempts = 3
    /// How long one attempt waits for a direct connection.
    var punchTimeout: Duration = .seconds(5)
    /// How long the peer's public address is dialled before.
    var dialTimeout: Duration = .seconds(10)
    /// How long the peer may take for its next message.
    var messageTimeout: Duration = .seconds(60)
    /// The bytes of a datagram that opens our translator's door.
    var sprayByteCount = 64
    /// The most addresses of the peer's that are tried: it can make us send to each of them.
    var maximumAddresses = 8
    /// Which addresses of the peer's are tried. Private ones are not: they would be somebody else's here.
    var isAllowed: @Sendable (Multiaddress) -> Bool = { $0.reach == .global }

    /// The addresses among `all` that packets can be sent to.
    func usable(_ all: [Multiaddress]) -> [Multiaddress] {
        var found: [Multiaddress] = []
        for address in all.map(\.withoutPeer) where found.count < self.maximumAddresses {
            guard !address.isRelayed, (try? address.networkAddress()) != nil, self.isAllowed(address) else { continue }
            if !found.contains(address) { found.append(address) }
        }
        return found
    }

    /// How long after the datagram with this number the next one follows: 10 to 200 ms, at first often.
    func pause(after number: Int, random: inout some RandomNumberGenerator) -> Duration {
        let factor = min(number + 1, 20)
        return .milliseconds(10 + Int.random(in: 0...min(10 * factor * factor, 190), using: &random))
    }
}

/// What came of punching a hole.
public enum HolePunchOutcome: Hashable, Sendable {
    /// There is a direct connection, with a peer at this address. Zero attempts: a plain dial was enough.
    case direct(Multiaddress, attempts: Int)
    /// There is none; the relayed connection stays.
    case failed(LibP2PError)
}
