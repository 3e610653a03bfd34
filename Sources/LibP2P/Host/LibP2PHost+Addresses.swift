internal import QUIC
internal import Synchronization

// Where the host can be reached: what its sockets are bound to, what was announced, what peers have found out.

extension LibP2PHost {
    /// The addresses that this host can be reached at, as far as it knows, each with the host's id: what it is bound to, with
    /// every interface where that is all of them, what was announced, and where several peers agree to see it.
    public var addresses: [Multiaddress] { self.announcements.map { $0.appending(self.peerID) } }

    /// The same without the id, for peers to be told.
    var announcements: [Multiaddress] {
        (self.listenAddresses + self.configuration.announcedAddresses + self.confirmedAddresses
            + (self.relays.client?.addresses ?? []))
            .map(\.withoutPeer).uniqued()
    }

    /// What the host is bound to, wildcards expanded.
    var listenAddresses: [Multiaddress] {
        self.expand(self.state.withLock { $0.sockets.filter { $0.requested != nil } })
    }

    func expand(_ sockets: [HostSocket]) -> [Multiaddress] {
        let interfaces = sockets.contains { $0.address.isWildcard } ? InterfaceAddress.all() : []
        return sockets.flatMap { Multiaddress($0.address).expanded(over: interfaces) }
    }

    /// Tells of addresses that come and go with the interfaces of this host.
    func watchInterfaces() async {
        var known: [Multiaddress]?
        for await _ in InterfaceWatch() {
            let now = self.listenAddresses
            defer { known = now }
            guard let before = known, before != now else { continue }
            for address in now where !before.contains(address) { self.fan.publish(.listening(address)) }
            for address in before where !now.contains(address) {
                self.fan.publish(.stoppedListening(address, reason: nil))
            }
            self.state.withLock { $0.reconnector.networkChanged(now: .now) }
            self.pushIdentity()
        }
    }

    /// Runs a way to find peers, and remembers what it finds.
    func discover(by discovery: any PeerDiscovery) async {
        do throws(LibP2PError) {
            try await discovery.run { peer, addresses in
                guard peer != self.peerID else { return }
                self.configuration.peerStore.add(
                    addresses, of: peer, source: .discovered, lifetime: .seconds(600))
                self.fan.publish(.addressesFound(peer, addresses, source: .discovered))
            }
        } catch {
            self.warn("a discovery has ended: \(error)")
        }
    }

    func warn(_ text: String) { self.configuration.endpoint.onWarning?(text) }
}
