internal import QUIC

/// All that a host knows and changes, under one lock. Nothing here waits or calls out.
struct HostState: Sendable {
    /// The life of a host: it runs once.
    enum Phase: Sendable { case idle, running, stopping, stopped }

    var phase = Phase.idle
    var sockets: [HostSocket] = []
    var handlers = HandlerTable()
    var ledger: ResourceLedger
    var keeper: ConnectionKeeper<UInt64>
    var peers: [PeerID: PeerConnections] = [:]
    var dials: [PeerID: Dial] = [:]
    var backoff = DialBackoff()
    var reconnector = Reconnector()
    var arrivals = Arrivals()
    var lastNumber: UInt64 = 0
    var statistics = LibP2PStatistics()

    /// What the connected peers have said of themselves.
    var identifications: [PeerID: PeerIdentification] = [:]
    /// Where they see this host.
    var observed = ObservedAddresses()
    /// Whether somebody has come from far away who was not dialled.
    var hasStrangers = false
    /// Peers that this host has dialled, or met through a relay.
    private var acquaintances: Set<PeerID> = []
    var identify: IdentifyService?
    /// Whether peers are about to be told what has changed.
    var isPushDue = false
    /// The latest signed records, for peers on this machine and for others, and the addresses in them.
    var records: [Bool: (addresses: [Multiaddress], bytes: [UInt8])] = [:]

    init(_ configuration: LibP2PConfiguration) {
        self.ledger = ResourceLedger(configuration.limits)
        self.keeper = ConnectionKeeper(configuration.marks)
    }

    var connections: [LibP2PConnection] { self.peers.values.flatMap { $0.byNumber.values } }

    func connection(_ number: UInt64, with peer: PeerID) -> LibP2PConnection? { self.peers[peer]?.byNumber[number] }

    /// Whether a connection runs over a socket that others can dial.
    func isListening(on connection: LibP2PConnection) -> Bool {
        guard let local = connection.quic?.localAddress else { return false }
        return self.sockets.contains {
            $0.requested != nil && $0.address.port == local.port && $0.address.family == local.family
        }
    }

    mutating func nextNumber() -> UInt64 {
        self.lastNumber &+= 1
        return self.lastNumber
    }

    /// Takes a connection in. Returns whether it is the first with its peer.
    mutating func add(_ connection: LibP2PConnection, as host: PeerID, now: ContinuousClock.Instant) -> Bool {
        let isFirst = self.peers[connection.peer] == nil
        self.statistics.connectionsOpened[connection.direction] += 1
        self.peers[connection.peer, default: PeerConnections(host: host, peer: connection.peer)]
            .add(connection, now: now)
        self.noteStranger(connection)
        self.keeper.add(connection.number, to: connection.peer, now: now)
        self.backoff.succeeded(
            connection.peer, at: connection.direction == .outbound ? connection.remoteAddress : nil)
        self.reconnector.connected(connection.peer, now: now)
        return isFirst
    }

    /// Whoever was dialled, or met through a relay, has been let in by the mapping that this made in a NAT: no stranger.
    private mutating func noteStranger(_ connection: LibP2PConnection) {
        if connection.direction == .outbound || connection.isRelayed {
            if self.acquaintances.count < Self.maximumAcquaintances { self.acquaintances.insert(connection.peer) }
        } else if connection.remoteAddress.reach == .global, !self.acquaintances.contains(connection.peer),
            self.acquaintances.count < Self.maximumAcquaintances
        {
            self.hasStrangers = true
        }
    }

    private static let maximumAcquaintances = 65_536

    /// Forgets a connection. Returns whether it was the last with its peer; nil: it was forgotten before.
    mutating func remove(
        _ connection: LibP2PConnection, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) -> Bool? {
        guard self.peers[connection.peer]?.byNumber[connection.number] != nil else { return nil }
        self.statistics.connectionsClosed[connection.direction] += 1
        self.peers[connection.peer]?.remove(connection)
        self.keeper.remove(connection.number)
        self.ledger.release(connection.ticket)
        guard self.peers[connection.peer]?.isEmpty == true else { return false }
        self.peers[connection.peer] = nil
        self.identifications[connection.peer] = nil
        self.reconnector.disconnected(connection.peer, now: now, random: &random)
        return true
    }
}
