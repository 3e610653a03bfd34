public import QUIC
internal import Synchronization

/// A connection to a peer that has shown who it is, with as many streams as both ends allow.
///
///     let connection = try await host.connect(to: address)
///     let stream = try await connection.openStream("/echo/1.0.0")
///
/// The host keeps it, and closes it where it has too many or where a better one to the same peer exists: streams are best
/// opened through ``LibP2PHost/openStream(to:_:)``, which finds the best connection or dials.
public final class LibP2PConnection: Sendable {
    /// Who is at the other end.
    public let peer: PeerID
    /// The key that the peer's id comes from.
    public let publicKey: PublicKey
    /// Which end dialled.
    public let direction: ConnectionDirection
    /// When it was established.
    public let openedAt: ContinuousClock.Instant

    let base: any MuxedConnection
    /// Tells the connections of a host apart.
    let number: UInt64
    /// What the host has set aside for it.
    let ticket: ResourceLedger.ConnectionTicket
    private let addresses: (local: Multiaddress, remote: Multiaddress)
    private weak let host: LibP2PHost?
    private let wasClosed = Atomic(false)

    init(
        _ base: any MuxedConnection, to peer: AuthenticatedPeer, _ direction: ConnectionDirection,
        addresses: (local: Multiaddress, remote: Multiaddress), ticket: ResourceLedger.ConnectionTicket,
        number: UInt64, on host: LibP2PHost
    ) {
        self.base = base
        self.peer = peer.id
        self.publicKey = peer.key
        self.direction = direction
        self.openedAt = .now
        self.addresses = addresses
        self.ticket = ticket
        self.number = number
        self.host = host
    }

    /// The QUIC connection below, for its figures and its datagrams; nil where the connection runs through a relay.
    public var quic: QUICConnection? { (self.base as? QUICMuxedConnection)?.connection }

    /// The address of this end, as it is now: a connection may move.
    public var localAddress: Multiaddress { self.quic.map { Multiaddress($0.localAddress) } ?? self.addresses.local }

    /// The address of the other end, as it is now.
    public var remoteAddress: Multiaddress { self.quic.map { Multiaddress($0.remoteAddress) } ?? self.addresses.remote }

    /// Whether it runs through another host.
    public var isRelayed: Bool { self.addresses.remote.isRelayed || self.addresses.local.isRelayed }

    /// The facts, for gates and events.
    public var info: ConnectionInfo {
        ConnectionInfo(
            peer: self.peer, direction: self.direction, localAddress: self.localAddress,
            remoteAddress: self.remoteAddress)
    }

    /// Opens a stream for the first of the protocols that the peer speaks.
    ///
    /// One protocol alone is taken for granted, so that what is written goes out with the offer and costs no round trip; if
    /// the peer does not speak it, the first read throws ``LibP2PError/Code/protocolNotSupported``.
    public func openStream(_ protocols: ProtocolID...) async throws(LibP2PError) -> LibP2PStream {
        try await self.openStream(protocols, isLazy: protocols.count == 1)
    }

    func openStream(_ protocols: [ProtocolID], isLazy: Bool) async throws(LibP2PError) -> LibP2PStream {
        guard let host = self.host else { throw .notRunning }
        return try await host.openStream(on: self, protocols, isLazy: isLazy)
    }

    /// Closes the connection and all its streams at once. Closing twice changes nothing.
    public func close(_ code: ConnectionCode = .none, reason: String = "") {
        self.wasClosed.store(true, ordering: .relaxed)
        self.base.close(code: code, reason: reason)
    }

    /// Whether neither end has closed it yet, as far as this end knows.
    public var isOpen: Bool { !self.wasClosed.load(ordering: .relaxed) && self.base.isOpen }

    /// Waits for the end, and says why it came.
    public func closed() async -> LibP2PError { await self.base.closed() }
}

extension LibP2PConnection: Hashable {
    /// Two are equal when they are the same connection.
    public static func == (one: LibP2PConnection, other: LibP2PConnection) -> Bool { one === other }

    /// Agrees with `==`.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension LibP2PError {
    static var notRunning: LibP2PError {
        LibP2PError(.notRunning, "the host does not run: connections and streams exist inside run { } only")
    }
}
