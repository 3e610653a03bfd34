internal import QUIC

/// Counts what is in use, and lets in exactly as much as ``ResourceLimits`` says.
///
/// Whatever is let in has a ticket, and giving a ticket back twice changes nothing: so counts never go below zero. The
/// tables hold only what is in use, hence the limits bound them too.
struct ResourceLedger: Sendable {
    struct ConnectionTicket: Hashable, Sendable { fileprivate let number: UInt64 }
    struct StreamTicket: Hashable, Sendable { fileprivate let number: UInt64 }
    struct MemoryTicket: Hashable, Sendable { fileprivate let number: UInt64 }

    private struct Connection {
        let direction: ConnectionDirection
        let source: SourceTable.Source?
        let isUnlimited: Bool
        var peer: PeerID?
    }

    private struct Stream {
        let direction: ConnectionDirection
        let peer: PeerID
        let isUnlimited: Bool
        var protocolID: ProtocolID?
    }

    private struct Peer {
        var connections = 0
        var streams = ResourceUsage.Tally()
        var transientStreams = 0
        var memory = 0
        var protocols: [ProtocolID: Int] = [:]
        var isIdle: Bool { self.connections == 0 && self.streams.all == 0 && self.memory == 0 }
    }

    let limits: ResourceLimits
    private var counts = ResourceUsage()
    private var connections: [ConnectionTicket: Connection] = [:]
    private var streams: [StreamTicket: Stream] = [:]
    private var memory: [MemoryTicket: (bytes: Int, peer: PeerID?)] = [:]
    private var peers: [PeerID: Peer] = [:]
    private var protocols: [ProtocolID: Int] = [:]
    private var sources: SourceTable
    private var lastTicket: UInt64 = 0

    init(_ limits: ResourceLimits) {
        self.limits = limits
        self.sources = SourceTable(limits)
    }

    var usage: ResourceUsage {
        var usage = self.counts
        usage.peers = self.peers.count
        return usage
    }

    /// How many addresses and networks are remembered, for tests.
    var trackedSourceCount: Int { self.sources.entryCount }

    // MARK: Connections

    /// Room for a connection before its handshake; `address` is the peer's, nil where it comes through a relay. A dial
    /// names the peer that it expects.
    mutating func reserveConnection(
        _ direction: ConnectionDirection, with address: NetworkAddress?, expecting peer: PeerID? = nil,
        now: ContinuousClock.Instant
    ) throws(LibP2PError) -> ConnectionTicket {
        let isUnlimited = self.isUnlimited(address) || peer.map(self.limits.unlimitedPeers.contains) ?? false
        if !isUnlimited { try self.checkConnection(direction) }
        var source: SourceTable.Source?
        if direction == .inbound, let address, self.limits.countsLoopback || !address.isLoopback {
            // Last, because it also takes from the number that may come at once.
            source = try self.sources.enter(address, isUnlimited: isUnlimited, now: now)
        }
        let ticket = ConnectionTicket(number: self.nextTicket())
        self.connections[ticket] = Connection(direction: direction, source: source, isUnlimited: isUnlimited)
        self.counts.connections[direction] += 1
        self.counts.transientConnections[direction] += 1
        return ticket
    }

    /// The handshake is complete, and this is the peer. Where it throws the connection stays as it was, to be closed.
    mutating func establish(_ ticket: ConnectionTicket, as peer: PeerID) throws(LibP2PError) {
        guard let connection = self.connections[ticket] else { throw Self.gone }
        guard connection.peer == nil else { return }
        if !connection.isUnlimited, !self.limits.unlimitedPeers.contains(peer) {
            try Self.check(
                self.peers[peer]?.connections ?? 0, "connectionsPerPeer", self.limits.connectionsPerPeer,
                "connections with \(peer)")
        }
        self.connections[ticket]?.peer = peer
        self.counts.transientConnections[connection.direction] -= 1
        self.peers[peer, default: Peer()].connections += 1
    }

    mutating func release(_ ticket: ConnectionTicket) {
        guard let connection = self.connections.removeValue(forKey: ticket) else { return }
        self.counts.connections[connection.direction] -= 1
        if let source = connection.source { self.sources.leave(source) }
        if let peer = connection.peer {
            self.change(peer) { $0.connections -= 1 }
        } else {
            self.counts.transientConnections[connection.direction] -= 1
        }
    }

    // MARK: Streams

    /// Room for a stream before its protocol is known.
    mutating func reserveStream(
        _ direction: ConnectionDirection, on connection: ConnectionTicket
    ) throws(LibP2PError) -> StreamTicket {
        guard let connection = self.connections[connection], let peer = connection.peer else { throw Self.gone }
        let isUnlimited = connection.isUnlimited || self.limits.unlimitedPeers.contains(peer)
        if !isUnlimited { try self.checkStream(direction, of: peer) }
        let ticket = StreamTicket(number: self.nextTicket())
        self.streams[ticket] = Stream(direction: direction, peer: peer, isUnlimited: isUnlimited)
        self.counts.streams[direction] += 1
        self.counts.transientStreams[direction] += 1
        self.peers[peer, default: Peer()].streams[direction] += 1
        self.peers[peer, default: Peer()].transientStreams += 1
        return ticket
    }

    /// The protocol is agreed on. Where it throws the stream stays as it was, to be reset.
    mutating func assign(_ ticket: StreamTicket, to protocolID: ProtocolID) throws(LibP2PError) {
        guard let stream = self.streams[ticket] else { throw Self.gone }
        guard stream.protocolID == nil else { return }
        if !stream.isUnlimited {
            try Self.check(
                self.protocols[protocolID] ?? 0, "streamsPerProtocol", self.limits.streamsPerProtocol,
                "streams of \(protocolID)")
            try Self.check(
                self.peers[stream.peer]?.protocols[protocolID] ?? 0, "streamsPerProtocolAndPeer",
                self.limits.streamsPerProtocolAndPeer, "streams of \(protocolID) with \(stream.peer)")
        }
        self.streams[ticket]?.protocolID = protocolID
        self.counts.transientStreams[stream.direction] -= 1
        self.protocols[protocolID, default: 0] += 1
        self.peers[stream.peer, default: Peer()].transientStreams -= 1
        self.peers[stream.peer, default: Peer()].protocols[protocolID, default: 0] += 1
    }

    mutating func release(_ ticket: StreamTicket) {
        guard let stream = self.streams.removeValue(forKey: ticket) else { return }
        self.counts.streams[stream.direction] -= 1
        if let protocolID = stream.protocolID {
            Self.decrease(&self.protocols, protocolID)
        } else {
            self.counts.transientStreams[stream.direction] -= 1
        }
        self.change(stream.peer) { peer in
            peer.streams[stream.direction] -= 1
            if let protocolID = stream.protocolID {
                Self.decrease(&peer.protocols, protocolID)
            } else {
                peer.transientStreams -= 1
            }
        }
    }

    // MARK: Memory

    /// Room for so many bytes, on behalf of a connection or of nobody in particular.
    mutating func reserveMemory(
        _ bytes: Int, for connection: ConnectionTicket? = nil
    ) throws(LibP2PError) -> MemoryTicket {
        guard bytes >= 0 else { throw LibP2PError(.malformed, "\(bytes) bytes can't be reserved") }
        let owner = connection.flatMap { self.connections[$0] }
        if connection != nil, owner == nil { throw Self.gone }
        let used = owner?.peer.flatMap { self.peers[$0]?.memory } ?? 0
        let isUnlimited =
            owner?.isUnlimited ?? false || owner?.peer.map(self.limits.unlimitedPeers.contains) ?? false
        if !isUnlimited {
            try Self.check(bytes, more: self.counts.memory, "memory", self.limits.memory, "bytes in all")
            if let peer = owner?.peer {
                try Self.check(bytes, more: used, "memoryPerPeer", self.limits.memoryPerPeer, "bytes for \(peer)")
            }
        }
        let (sum, overflow) = self.counts.memory.addingReportingOverflow(bytes)
        guard !overflow else { throw Self.refusal("memory", .max, "bytes in all") }
        let ticket = MemoryTicket(number: self.nextTicket())
        self.memory[ticket] = (bytes, owner?.peer)
        self.counts.memory = sum
        if let peer = owner?.peer { self.peers[peer, default: Peer()].memory += bytes }
        return ticket
    }

    mutating func release(_ ticket: MemoryTicket) {
        guard let (bytes, peer) = self.memory.removeValue(forKey: ticket) else { return }
        self.counts.memory -= bytes
        if let peer { self.change(peer) { $0.memory -= bytes } }
    }

    // MARK: Checking

    private func checkConnection(_ direction: ConnectionDirection) throws(LibP2PError) {
        let (all, waiting) = (self.counts.connections, self.counts.transientConnections)
        try Self.check(all.all, "connections", self.limits.connections, "connections")
        try Self.check(waiting.all, "transientConnections", self.limits.transientConnections, "handshakes under way")
        switch direction {
        case .inbound:
            try Self.check(
                all.inbound, "inboundConnections", self.limits.inboundConnections, "connections that peers dialled")
            try Self.check(
                waiting.inbound, "inboundTransientConnections", self.limits.inboundTransientConnections,
                "handshakes under way that peers began")
        case .outbound:
            try Self.check(
                all.outbound, "outboundConnections", self.limits.outboundConnections,
                "connections that this host dialled")
            try Self.check(
                waiting.outbound, "outboundTransientConnections", self.limits.outboundTransientConnections,
                "handshakes under way that this host began")
        }
    }

    private func checkStream(_ direction: ConnectionDirection, of peer: PeerID) throws(LibP2PError) {
        let (all, waiting) = (self.counts.streams, self.counts.transientStreams)
        let own = self.peers[peer] ?? Peer()
        try Self.check(all.all, "streams", self.limits.streams, "streams")
        try Self.check(waiting.all, "transientStreams", self.limits.transientStreams, "negotiations under way")
        try Self.check(own.streams.all, "streamsPerPeer", self.limits.streamsPerPeer, "streams with \(peer)")
        try Self.check(
            own.transientStreams, "transientStreamsPerPeer", self.limits.transientStreamsPerPeer,
            "negotiations with \(peer)")
        switch direction {
        case .inbound:
            try Self.check(all.inbound, "inboundStreams", self.limits.inboundStreams, "streams that peers opened")
            try Self.check(
                waiting.inbound, "inboundTransientStreams", self.limits.inboundTransientStreams,
                "negotiations that peers began")
            try Self.check(
                own.streams.inbound, "inboundStreamsPerPeer", self.limits.inboundStreamsPerPeer,
                "streams that \(peer) opened")
        case .outbound:
            try Self.check(
                all.outbound, "outboundStreams", self.limits.outboundStreams, "streams that this host opened")
            try Self.check(
                waiting.outbound, "outboundTransientStreams", self.limits.outboundTransientStreams,
                "negotiations that this host began")
        }
    }

    private func isUnlimited(_ address: NetworkAddress?) -> Bool {
        guard let address else { return false }
        return self.limits.unlimitedSubnets.contains { $0.contains(address) }
    }

    /// One more may be added to `count` while it is below the limit.
    static func check(
        _ one: Int = 1, more count: Int, _ name: String, _ limit: Int, _ what: @autoclosure () -> String
    ) throws(LibP2PError) {
        guard count <= limit, one <= limit - count else { throw self.refusal(name, limit, what()) }
    }

    private static func check(
        _ count: Int, _ name: String, _ limit: Int, _ what: @autoclosure () -> String
    ) throws(LibP2PError) {
        try self.check(more: count, name, limit, what())
    }

    private static func refusal(_ name: String, _ limit: Int, _ what: String) -> LibP2PError {
        LibP2PError(.limitReached, "\(what): no more than \(limit), says ResourceLimits.\(name)", limit: name)
    }

    private static var gone: LibP2PError { LibP2PError(.closed, "the connection or stream is over") }

    // MARK: Tables

    /// A peer that has nothing left is forgotten.
    private mutating func change(_ peer: PeerID, _ body: (inout Peer) -> Void) {
        guard var entry = self.peers[peer] else { return }
        body(&entry)
        self.peers[peer] = entry.isIdle ? nil : entry
    }

    private static func decrease(_ table: inout [ProtocolID: Int], _ key: ProtocolID) {
        guard let count = table[key] else { return }
        table[key] = count > 1 ? count - 1 : nil
    }

    private mutating func nextTicket() -> UInt64 {
        self.lastTicket &+= 1
        return self.lastTicket
    }
}
