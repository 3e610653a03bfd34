internal import QUICIO

/// Finds other libp2p hosts on the same link, and lets them find this one (libp2p specs, `discovery/mdns.md`).
///
///     let discovery = MulticastDNS(peer: host.peerID, addresses: { host.addresses })
///     try await discovery.run { peer, addresses in
///         print("\(peer) is at \(addresses)")
///     }
///
/// Everybody on the link hears the id and the local addresses of this host, and anybody there can answer for anybody:
/// an answer is a hint, and the handshake shows who is there.
public struct MulticastDNS: PeerDiscovery {
    /// How to ask and what to tell.
    public struct Configuration: Sendable {
        /// The pause after the first question; each one after that is twice as long.
        public var firstInterval = Duration.seconds(10)
        /// The longest pause between questions.
        public var longestInterval = Duration.seconds(300)
        /// For how long others may take our answer for true.
        public var timeToLive = Duration.seconds(360)
        /// The most peers that are remembered; beyond that the one that is soonest forgotten makes room.
        public var maximumPeers = 256
        /// The most addresses of one peer that are taken.
        public var maximumAddresses = 16
        /// Which of our addresses others are told: those that mean something on this link.
        public var announcedReaches: Set<AddressReach> = [.privateNetwork, .linkLocal]
        /// Whether to talk to other processes on this host through the loopback interface as well.
        public var usesLoopback = false
        /// The port, which is the same for all hosts.
        public var port: UInt16 = 5_353
        /// Hears of interfaces on which nobody can be found, and why. Called on a thread of the library.
        public var warn: @Sendable (LibP2PError) -> Void = { _ in }

        /// Does as the specification has it.
        public init() {}
    }

    private let peer: PeerID
    private let addresses: @Sendable () -> [Multiaddress]
    private let configuration: Configuration

    /// Prepares to announce a peer; `addresses` is asked for each answer, on a thread of the library.
    public init(
        peer: PeerID, addresses: @escaping @Sendable () -> [Multiaddress],
        configuration: Configuration = Configuration()
    ) {
        self.peer = peer
        self.addresses = addresses
        self.configuration = configuration
    }

    /// Prepares to announce a host at what it listens on.
    public init(for host: LibP2PHost, configuration: Configuration = Configuration()) {
        self.init(
            peer: host.peerID, addresses: { [weak host] in host?.listenAddresses ?? [] }, configuration: configuration)
    }

    /// Asks and answers until the task is cancelled. Calls `found` for each peer, and again where its addresses have
    /// changed or it had been forgotten; a slow `found` misses the oldest of more than 256 such reports.
    ///
    /// A host without multicast finds nobody; ``Configuration/warn`` tells of that.
    public func run(found: @escaping @Sendable (PeerID, [Multiaddress]) async -> Void) async throws(LibP2PError) {
        let loop = EventLoop.shared(0)
        guard loop.isOpen else {
            throw LibP2PError(.systemFailed, "this process has no file descriptors left for discovery")
        }
        let (sightings, continuation) = AsyncStream.makeStream(
            of: MulticastDNSCore.Sighting.self, bufferingPolicy: .bufferingNewest(256))
        let core = MulticastDNSCore(peer: self.peer, self.configuration, random: SystemRandomNumberGenerator())
        let port = MulticastDNSPort(core, self.configuration, loop, self.addresses) { continuation.yield($0) }
        await withTaskGroup { group in
            group.addTask {
                for await interfaces in InterfaceWatch() { port.use(interfaces) }
            }
            group.addTask {
                for await sighting in sightings { await found(sighting.peer, sighting.addresses) }
            }
        }
        port.end()
    }
}
