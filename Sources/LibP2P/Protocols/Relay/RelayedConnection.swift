/// A connection through a relay that is ready for streams: the host has yet to take it.
struct RelayedConnection: Sendable {
    let base: any MuxedConnection
    let peer: AuthenticatedPeer
    let info: ConnectionInfo
    /// What the relay allows.
    let limit: RelayLimit?
}

/// The place that a relay keeps for this host.
struct RelayPlace: Hashable, Sendable {
    /// Who keeps it.
    let relay: PeerID
    /// For how long, from the moment on when it was given.
    let duration: Duration
    /// Where others reach this host now: through the relay.
    let addresses: [Multiaddress]
    /// What relayed connections may use.
    let limit: RelayLimit?
}
