internal import QUIC

/// How many inbound connections each address and network has, and how fast it begins new ones.
struct SourceTable: Sendable {
    /// What has to be given back.
    struct Source: Sendable {
        fileprivate let networks: [Subnet]
    }

    private let limits: ResourceLimits
    private var counts: [Subnet: Int] = [:]
    /// When each source will have earned back all that it may begin at once (the "theoretical arrival time" of the generic
    /// cell rate algorithm, ITU-T I.371); those whose time has come need not be remembered.
    private var arrivals: [Subnet: ContinuousClock.Instant] = [:]

    init(_ limits: ResourceLimits) { self.limits = limits }

    /// Lets one connection in; counts it only where that is so.
    mutating func enter(
        _ address: NetworkAddress, isUnlimited: Bool, now: ContinuousClock.Instant
    ) throws(LibP2PError) -> Source {
        let networks = self.networks(of: address)
        if !isUnlimited {
            for network in networks {
                try ResourceLedger.check(
                    more: self.counts[network.subnet] ?? 0, network.name, network.limit,
                    "connections from \(network.subnet)")
            }
            if let narrowest = networks.first?.subnet { try self.begin(narrowest, now) }
        }
        for network in networks { self.counts[network.subnet, default: 0] += 1 }
        return Source(networks: networks.map(\.subnet))
    }

    mutating func leave(_ source: Source) {
        for network in source.networks {
            guard let count = self.counts[network] else { continue }
            self.counts[network] = count > 1 ? count - 1 : nil
        }
    }

    /// How many sources are remembered, for tests.
    var entryCount: Int { max(self.counts.count, self.arrivals.count) }

    private func networks(of address: NetworkAddress) -> [(subnet: Subnet, name: String, limit: Int)] {
        guard address.unmapped.family == .ipv6 else {
            return [
                (Subnet(of: address, length: 32), "connectionsPerIPv4Address", self.limits.connectionsPerIPv4Address),
                (Subnet(of: address, length: 24), "connectionsPerIPv4Network", self.limits.connectionsPerIPv4Network),
            ]
        }
        return [
            (Subnet(of: address, length: 56), "connectionsPerIPv6Customer", self.limits.connectionsPerIPv6Customer),
            (Subnet(of: address, length: 48), "connectionsPerIPv6Site", self.limits.connectionsPerIPv6Site),
        ]
    }

    private mutating func begin(_ source: Subnet, _ now: ContinuousClock.Instant) throws(LibP2PError) {
        // A day and a million bound the product.
        let interval = min(max(self.limits.inboundConnectionInterval, .zero), .seconds(86_400))
        guard interval > .zero else { return }
        let burst = min(self.limits.inboundConnectionBurst, 1_000_000)
        let arrival = max(self.arrivals[source] ?? now, now)
        guard burst > 0, arrival - now <= interval * (burst - 1) else {
            throw LibP2PError(
                .limitReached,
                "\(source) begins connections too fast: \(burst) at once and then one each \(interval), "
                    + "say ResourceLimits.inboundConnectionBurst and inboundConnectionInterval",
                limit: "inboundConnectionInterval")
        }
        self.makeRoom(for: source, now)
        self.arrivals[source] = arrival + interval
    }

    /// Forgets a quarter at a time, so that a flood from many networks does not pay for a search each time.
    private mutating func makeRoom(for source: Subnet, _ now: ContinuousClock.Instant) {
        let limit = max(self.limits.trackedSources, 1)
        guard self.arrivals[source] == nil, self.arrivals.count >= limit else { return }
        self.arrivals = self.arrivals.filter { $0.value > now }
        guard self.arrivals.count >= limit else { return }
        let busiest = self.arrivals.sorted { $0.value > $1.value }.prefix(limit * 3 / 4)
        self.arrivals = Dictionary(uniqueKeysWithValues: busiest.map { ($0.key, $0.value) })
    }
}
