import QUICEngine

/// The links of a network, made when the first packet needs one.
struct LinkTable {
    private let seed: UInt64
    private var hostConditions: [NetworkPath: LinkConditions] = [:]
    private var addressConditions: [NetworkPath: LinkConditions] = [:]
    private var links: [NetworkPath: Link] = [:]
    /// Which link each pair of addresses uses; forgotten whenever conditions change.
    private var routes: [NetworkPath: Link] = [:]

    var defaultConditions = LinkConditions.perfect {
        didSet { self.routes.removeAll(keepingCapacity: true) }
    }

    init(seed: UInt64) { self.seed = seed }

    mutating func setConditions(_ conditions: LinkConditions, on path: NetworkPath, matching match: AddressMatch) {
        switch match {
        case .hosts: self.hostConditions[path.key(matching: .hosts)] = conditions
        case .addresses: self.addressConditions[path] = conditions
        }
        self.routes.removeAll(keepingCapacity: true)
    }

    func conditions(on path: NetworkPath) -> LinkConditions {
        self.addressConditions[path] ?? self.hostConditions[path.key(matching: .hosts)] ?? self.defaultConditions
    }

    /// The link that packets on `path` use: one for all ports of two hosts, unless two addresses have their own.
    mutating func link(on path: NetworkPath) -> Link {
        if let link = self.routes[path] { return link }
        let link = self.findOrMakeLink(on: path)
        self.routes[path] = link
        return link
    }

    func statistics(on path: NetworkPath) -> NetworkStatistics {
        self.links[self.key(on: path)]?.statistics ?? NetworkStatistics()
    }

    private mutating func findOrMakeLink(on path: NetworkPath) -> Link {
        let conditions = self.conditions(on: path)
        let key = self.key(on: path)
        if let link = self.links[key] {
            link.conditions = conditions
            return link
        }
        let link = Link(conditions: conditions, seed: self.seed(of: key))
        self.links[key] = link
        return link
    }

    private func key(on path: NetworkPath) -> NetworkPath {
        path.key(matching: self.addressConditions[path] == nil ? .hosts : .addresses)
    }

    /// Each link has numbers of its own, so that traffic between two hosts does not change what others see.
    private func seed(of key: NetworkPath) -> UInt64 {
        var hash = FNVHash()
        hash.absorb(self.seed)
        hash.absorb(key.local)
        hash.absorb(key.remote)
        return hash.value
    }
}
