/// For whom a relay keeps places, and what is relayed now. Time is a parameter: how long it is since some moment.
struct RelayLedger: Sendable {
    /// A relayed connection that is counted.
    struct Circuit: Hashable, Sendable {
        let source: PeerID
        let target: PeerID
    }

    private struct Place: Sendable {
        let network: AddressPrefix?
        let end: Duration
    }

    private let limits: RelayLimits
    /// At most `limits.reservations`.
    private var places: [PeerID: Place] = [:]
    /// How many relayed connections a peer has; at most two entries for each of `limits.circuits`.
    private var circuits: [PeerID: Int] = [:]
    private(set) var circuitCount = 0

    init(_ limits: RelayLimits) { self.limits = limits }

    /// How many places are kept, those that have ended included until somebody asks.
    var reservationCount: Int { self.places.count }

    /// Keeps a place for a peer, or keeps it longer; nil: it is kept.
    mutating func reserve(for peer: PeerID, at address: Multiaddress, now: Duration) -> RelayStatus? {
        self.places = self.places.filter { $0.value.end > now }
        let network = self.network(of: address)
        if self.places[peer] == nil {
            guard self.places.count < self.limits.reservations else { return .reservationRefused }
            if let network {
                let neighbours = self.places.values.count { $0.network == network }
                guard neighbours < self.limit(for: network) else { return .reservationRefused }
            }
        }
        self.places[peer] = Place(network: network, end: now + self.limits.reservationDuration)
        return nil
    }

    /// A peer that has left has no place any more.
    mutating func release(_ peer: PeerID) { self.places[peer] = nil }

    /// Counts a relayed connection; the status: why there can be none.
    mutating func open(_ circuit: Circuit, now: Duration) -> RelayStatus? {
        guard circuit.source != circuit.target else { return .permissionDenied }
        guard let place = self.places[circuit.target], place.end > now else { return .noReservation }
        guard self.circuitCount < self.limits.circuits,
            self.circuits[circuit.source, default: 0] < self.limits.circuitsPerPeer,
            self.circuits[circuit.target, default: 0] < self.limits.circuitsPerPeer
        else { return .resourceLimitExceeded }
        self.circuitCount += 1
        for peer in [circuit.source, circuit.target] { self.circuits[peer, default: 0] += 1 }
        return nil
    }

    /// A relayed connection that was counted is over.
    mutating func close(_ circuit: Circuit) {
        self.circuitCount = max(self.circuitCount - 1, 0)
        for peer in [circuit.source, circuit.target] {
            let count = self.circuits[peer, default: 0]
            self.circuits[peer] = count > 1 ? count - 1 : nil
        }
    }

    /// Peers with the same one share a limit; none for loopback, where all are on this host.
    private func network(of address: Multiaddress) -> AddressPrefix? {
        guard address.reach != .loopback, let address = try? address.networkAddress() else { return nil }
        return AddressPrefix(address, bits4: 32, bits6: 56)
    }

    private func limit(for network: AddressPrefix) -> Int {
        network.bits == 32 ? self.limits.reservationsPerIPv4Address : self.limits.reservationsPerIPv6Customer
    }
}
