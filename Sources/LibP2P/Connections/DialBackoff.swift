/// Which peers and which of their addresses are left alone for a while because dialling them failed.
///
/// A peer backs off only when all of its addresses failed: one that does not answer must not cost the others their turn.
struct DialBackoff: Sendable {
    private var peers: BackoffTable<PeerID>
    private var addresses: BackoffTable<Multiaddress>

    init(peers: Int = 1_024, addresses: Int = 4_096) {
        self.peers = BackoffTable(limit: peers)
        self.addresses = BackoffTable(limit: addresses)
    }

    /// How long the peer is still left alone; nil: it may be dialled.
    func wait(for peer: PeerID, now: ContinuousClock.Instant) -> Duration? { self.peers.wait(for: peer, now: now) }

    /// Those of the addresses that may be dialled now; where all of them are to be left alone, the one whose turn comes
    /// first, as the peer itself is not.
    func ready(_ addresses: [Multiaddress], now: ContinuousClock.Instant) -> [Multiaddress] {
        let waits = addresses.map { ($0, self.addresses.wait(for: $0.withoutPeer, now: now)) }
        let ready = waits.filter { $0.1 == nil }.map(\.0)
        guard ready.isEmpty else { return ready }
        return waits.min { ($0.1 ?? .zero) < ($1.1 ?? .zero) }.map { [$0.0] } ?? []
    }

    mutating func failed(
        _ address: Multiaddress, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) {
        self.addresses.failed(address.withoutPeer, now: now, random: &random)
    }

    /// None of its addresses led to the peer.
    mutating func failed(
        _ peer: PeerID, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) {
        self.peers.failed(peer, now: now, random: &random)
    }

    /// There is a connection, whoever dialled it.
    mutating func succeeded(_ peer: PeerID, at address: Multiaddress?) {
        self.peers.succeeded(peer)
        if let address { self.addresses.succeeded(address.withoutPeer) }
    }
}
