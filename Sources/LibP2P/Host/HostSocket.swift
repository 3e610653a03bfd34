internal import QUIC

/// One UDP socket of a host: it listens, dials and punches holes.
struct HostSocket: Sendable {
    let endpoint: QUICEndpoint
    /// What the application asked for; nil: a socket that only dials.
    let requested: Multiaddress?
    /// Where it is bound, with the port that was chosen.
    let address: NetworkAddress

    /// Whether packets for `remote` can leave from here: the family must be the same, and a socket that is bound to the
    /// loopback reaches nothing else, nor does any other bound one reach the loopback.
    func reaches(_ remote: NetworkAddress) -> Bool {
        guard self.address.family == remote.family else { return false }
        return self.address.isWildcard || self.address.isLoopback == remote.isLoopback
    }
}

extension [HostSocket] {
    /// The socket to dial from: one that listens if any can, so that peers see the port that others can dial; of those
    /// one that has every interface.
    func best(for remote: NetworkAddress) -> HostSocket? {
        let eligible = self.filter { $0.reaches(remote) }
        return eligible.first { $0.requested != nil && $0.address.isWildcard }
            ?? eligible.first { $0.requested != nil } ?? eligible.first
    }
}

extension NetworkAddress {
    /// `0.0.0.0` or `::`: every address of the host.
    var isWildcard: Bool { self.high == 0 && self.low == 0 }
}
