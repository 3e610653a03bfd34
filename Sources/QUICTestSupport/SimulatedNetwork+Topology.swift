public import QUICEngine

extension SimulatedNetwork {
    /// The conditions of every direction that has none of its own.
    public var defaultConditions: LinkConditions {
        get { self.links.defaultConditions }
        set { self.links.defaultConditions = newValue }
    }

    /// Sets the conditions of one direction, for packets sent from now on.
    ///
    /// All ports of two hosts share a link, with one queue, unless two addresses were given conditions of their own.
    /// Both are the endpoints' own addresses: a NAT does not change the wire that packets take.
    public func setConditions(
        _ conditions: LinkConditions, from source: NetworkAddress, to destination: NetworkAddress,
        matching match: AddressMatch = .hosts
    ) {
        self.links.setConditions(
            conditions, on: NetworkPath(local: source, remote: destination), matching: match)
    }

    /// Sets the conditions of both directions.
    public func setConditions(
        _ conditions: LinkConditions, between one: NetworkAddress, and other: NetworkAddress,
        matching match: AddressMatch = .hosts
    ) {
        self.setConditions(conditions, from: one, to: other, matching: match)
        self.setConditions(conditions, from: other, to: one, matching: match)
    }

    /// Returns the conditions that apply to packets from one endpoint to another.
    public func conditions(from source: NetworkAddress, to destination: NetworkAddress) -> LinkConditions {
        self.links.conditions(on: NetworkPath(local: source, remote: destination))
    }

    /// Gives the endpoint at `inner` a new outside address, as a NAT does that has lost its binding.
    ///
    /// Packets that the endpoint sends from now on appear from `outer`, and packets to `outer` are delivered to it at
    /// `inner`. Packets to its previous address vanish, those in flight too. Binding `inner` to itself takes the NAT
    /// away.
    public func rebind(_ inner: NetworkAddress, to outer: NetworkAddress) {
        self.translation.bind(inner, to: outer)
    }

    /// Cuts the two hosts off from each other; packets in flight still arrive.
    public func partition(_ one: NetworkAddress, _ other: NetworkAddress, matching match: AddressMatch = .hosts) {
        let path = NetworkPath(local: one, remote: other).key(matching: match)
        self.partitions.insert(path)
        self.partitions.insert(path.reversed)
    }

    /// Undoes every partition between the two hosts or the two addresses.
    public func heal(_ one: NetworkAddress, _ other: NetworkAddress) {
        let path = NetworkPath(local: one, remote: other)
        for key in [path, path.hosts] {
            self.partitions.remove(key)
            self.partitions.remove(key.reversed)
        }
    }

    /// Makes all packets sent to this endpoint from now on vanish; what it sends itself still arrives.
    public func unreachable(_ address: NetworkAddress) {
        self.unreachableAddresses.insert(address)
    }

    /// Undoes `unreachable(_:)`.
    public func reachable(_ address: NetworkAddress) {
        self.unreachableAddresses.remove(address)
    }

    func arePartitioned(_ path: NetworkPath) -> Bool {
        guard !self.partitions.isEmpty else { return false }
        return self.partitions.contains(path) || self.partitions.contains(path.hosts)
    }
}
