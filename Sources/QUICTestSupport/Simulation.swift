public import QUICEngine

/// Endpoints, a network and a clock: whole connections on virtual time. The same seed gives the same run.
///
///     let simulation = Simulation(seed: 7)
///     let server = simulation.addEndpoint(port: 443)
///     let client = simulation.addEndpoint(port: 50_000)
///     …
///     simulation.run(for: .seconds(10)) { connection.isConnected }
///     assert(simulation.leftovers() == [])
public final class Simulation {
    /// The seed of everything random here; TLS keys excepted.
    public let seed: UInt64
    /// The only time there is.
    public let clock = ManualClock()
    /// What carries the packets.
    public let network: SimulatedNetwork
    /// What all engines share.
    public let resources = EngineResources()
    /// What engines draw from.
    public let random: SeededRandomness
    /// The hosts.
    public private(set) var endpoints: [SimulatedEndpoint] = []

    /// Creates an empty world.
    public init(seed: UInt64, conditions: LinkConditions = .perfect) {
        self.seed = seed
        self.network = SimulatedNetwork(seed: seed, clock: self.clock)
        self.network.defaultConditions = conditions
        self.random = SeededRandomness(seed: seed ^ 0x7465_726e)
    }

    /// The present moment.
    public var now: EngineInstant { self.clock.now }

    /// Adds a host; each has an IPv4 address of its own unless one is given.
    public func addEndpoint(_ address: NetworkAddress? = nil, port: UInt16 = 4433) -> SimulatedEndpoint {
        let number = UInt8(truncatingIfNeeded: self.endpoints.count + 1)
        let endpoint = SimulatedEndpoint(address ?? NetworkAddress(ipv4: (10, 0, 0, number), port: port), self)
        self.endpoints.append(endpoint)
        return endpoint
    }

    /// Lets time pass until `condition` holds or `limit` is over. Returns whether it holds.
    @discardableResult
    public func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
        let end = self.now.advanced(by: limit)
        while true {
            self.settle()
            if condition() { return true }
            guard let next = self.nextInstant, next <= end else { break }
            self.clock.advance(to: next)
            self.deliver()
            for endpoint in self.endpoints { endpoint.handleTimeouts(now: self.now) }
        }
        self.clock.advance(to: end)
        return condition()
    }

    /// Closes what is open, waits until everything is over, and returns what is left then: nothing, one hopes.
    public func leftovers() -> [String] {
        defer { self.forgetClosures() }
        for endpoint in self.endpoints {
            for (_, connection) in endpoint.live where connection.phase.isOpen {
                try? connection.engine?.close(transportCode: 0, now: self.now)
            }
        }
        self.run(for: .seconds(600)) { self.endpoints.allSatisfy { $0.live.isEmpty } && self.network.isEmpty }
        self.run(for: .seconds(5))
        var left: [String] = []
        for endpoint in self.endpoints {
            if !endpoint.live.isEmpty { left.append("\(endpoint.live.count) connections at \(endpoint.address)") }
            endpoint.forgetRetired()
            let routes =
                endpoint.table.connectionCount + endpoint.table.issuedCount + endpoint.table.initialCount
                + endpoint.table.retiredCount
            if routes > 0 { left.append("\(routes) routes at \(endpoint.address)") }
            if endpoint.nextTimeout != nil { left.append("a timer at \(endpoint.address)") }
        }
        if self.resources.live != .none { left.append("\(self.resources.live)") }
        return left.isEmpty ? [] : left + ["seed \(self.seed)"]
    }

    /// Closures of a test often hold the world that holds them.
    private func forgetClosures() {
        self.network.filter = nil
        for endpoint in self.endpoints { endpoint.listener?.onAccept = nil }
    }

    private func settle() {
        var goesOn = true
        while goesOn {
            goesOn = false
            for endpoint in self.endpoints where endpoint.transmit() { goesOn = true }
        }
        for endpoint in self.endpoints { endpoint.sweep() }
    }

    private var nextInstant: EngineInstant? {
        let timers = self.endpoints.compactMap(\.nextTimeout)
        let earliest = (timers + [self.network.nextDelivery].compactMap { $0 }).min()
        return earliest.map { max($0, self.now) }
    }

    private func deliver() {
        while let delivery = self.network.popDelivery(upTo: self.now) {
            let target = delivery.path.local
            let endpoint = self.endpoints.first { $0.address == target || $0.otherAddresses.contains(target) }
            endpoint?.receive(delivery)
            self.network.recycle(delivery)
        }
    }
}
