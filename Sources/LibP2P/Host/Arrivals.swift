internal import QUIC

/// The places of callers whose handshake is under way, by where they call from. Places of one address are alike.
struct Arrivals: Sendable {
    private struct Place {
        let ticket: ResourceLedger.ConnectionTicket
        let since: ContinuousClock.Instant
    }

    private var places: [NetworkAddress: [Place]] = [:]

    /// How many there are.
    var count: Int { self.places.values.reduce(0) { $0 + $1.count } }

    mutating func add(
        _ ticket: ResourceLedger.ConnectionTicket, from address: NetworkAddress, now: ContinuousClock.Instant
    ) {
        self.places[address, default: []].append(Place(ticket: ticket, since: now))
    }

    /// The oldest place of an address.
    mutating func take(from address: NetworkAddress) -> ResourceLedger.ConnectionTicket? {
        guard var places = self.places[address], !places.isEmpty else { return nil }
        let place = places.removeFirst()
        self.places[address] = places.isEmpty ? nil : places
        return place.ticket
    }

    /// The places that were taken before `instant` and never claimed: of callers who moved during the handshake.
    mutating func takeAll(before instant: ContinuousClock.Instant) -> [ResourceLedger.ConnectionTicket] {
        var late: [ResourceLedger.ConnectionTicket] = []
        for (address, places) in self.places where places.contains(where: { $0.since < instant }) {
            late += places.filter { $0.since < instant }.map(\.ticket)
            let rest = places.filter { $0.since >= instant }
            self.places[address] = rest.isEmpty ? nil : rest
        }
        return late
    }
}
