/// What happens to a host. More may come, so a switch needs a default.
///
///     for await event in host.events() {
///         switch event {
///         case .connected(let connection, isFirst: true): print("\(connection.peer) is here")
///         case .disconnected(let connection, let reason, isLast: true): print("\(connection.peer) left: \(reason)")
///         default: break
///         }
///     }
public enum LibP2PEvent: Hashable, Sendable {
    /// Peers can dial this address from now on.
    case listening(Multiaddress)
    /// They no longer can: an interface went away, or the host stops.
    case stoppedListening(Multiaddress, reason: LibP2PError?)
    /// There is a connection more; `isFirst`: it is the only one with this peer.
    case connected(ConnectionInfo, isFirst: Bool)
    /// A connection is over, and why; `isLast`: there is none with this peer any more.
    case disconnected(ConnectionInfo, reason: LibP2PError, isLast: Bool)
    /// A peer could not be dialled, at any of its addresses.
    case dialFailed(PeerID, reason: LibP2PError)
    /// Somebody was not let in, or did not complete the handshake.
    case inboundFailed(from: Multiaddress, reason: LibP2PError)
    /// New addresses of a peer are known.
    case addressesFound(PeerID, [Multiaddress], source: AddressSource)
    /// A peer has said what it is and what it speaks.
    case identified(PeerID, agent: String?, protocols: [ProtocolID], addresses: [Multiaddress])
    /// A direct connection was made out of a relayed one, or could not be.
    case holePunched(PeerID, HolePunchOutcome)
    /// Several peers agree that this host is seen at this address.
    case observedAddressConfirmed(Multiaddress)
}
