/// Decides whom this host dials and whom it lets in. Five questions are asked in the course of a connection, each as early
/// as its answer can be known; all of them are answered with yes unless a gate says otherwise.
///
///     struct OnlyAtHome: ConnectionGate {
///         func mayAccept(from remote: Multiaddress, to local: Multiaddress) -> GateVerdict {
///             remote.reach == .global ? .deny(reason: "only neighbours are let in") : .allow
///         }
///     }
///
/// The host waits for the answers, so they must not block. A gate may be asked from several threads at once. For lists of
/// peers and networks there is ``PeerList``.
public protocol ConnectionGate: Sendable {
    /// Before a peer's addresses are looked up.
    func mayDial(_ peer: PeerID) -> GateVerdict

    /// Before one of the peer's addresses is dialled; names are resolved. A no leaves the other addresses to be tried.
    func mayDial(_ peer: PeerID, at address: Multiaddress) -> GateVerdict

    /// When somebody knocks, before anything is spent on a handshake. Who it is, is not known yet.
    func mayAccept(from remote: Multiaddress, to local: Multiaddress) -> GateVerdict

    /// When the handshake has proved who the peer is, in both directions. A no closes the connection.
    func mayProceed(with connection: ConnectionInfo) -> GateVerdict

    /// When the connection is ready, and before anybody hears of it. A relayed one has its muxer now.
    func mayKeep(_ connection: ConnectionInfo) -> GateVerdict
}

extension ConnectionGate {
    /// Allows everything.
    public func mayDial(_ peer: PeerID) -> GateVerdict { .allow }
    /// Allows everything.
    public func mayDial(_ peer: PeerID, at address: Multiaddress) -> GateVerdict { .allow }
    /// Allows everything.
    public func mayAccept(from remote: Multiaddress, to local: Multiaddress) -> GateVerdict { .allow }
    /// Allows everything.
    public func mayProceed(with connection: ConnectionInfo) -> GateVerdict { .allow }
    /// Allows everything.
    public func mayKeep(_ connection: ConnectionInfo) -> GateVerdict { .allow }
}
