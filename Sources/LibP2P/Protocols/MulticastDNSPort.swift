internal import QUIC
internal import QUICIO
internal import Synchronization

/// The sockets of ``MulticastDNS`` on an event loop: one for each interface and family.
final class MulticastDNSPort: LoopClient {
    /// An interface, seen by one family.
    private struct Link: Hashable {
        let index: UInt32
        let family: NetworkAddress.Family
    }

    private struct State {
        var core: MulticastDNSCore
        var sockets: [Link: UDPSocket] = [:]
        /// Of which one has heard already that it cannot be used.
        var lame: Set<Link> = []
        var isEnded = false
    }

    private let configuration: MulticastDNS.Configuration
    private let loop: EventLoop
    private let addresses: @Sendable () -> [Multiaddress]
    private let found: @Sendable (MulticastDNSCore.Sighting) -> Void
    /// Only the loop's thread touches it; the lock tells the compiler.
    private let state: Mutex<State>

    init(
        _ core: MulticastDNSCore, _ configuration: MulticastDNS.Configuration, _ loop: EventLoop,
        _ addresses: @escaping @Sendable () -> [Multiaddress],
        found: @escaping @Sendable (MulticastDNSCore.Sighting) -> Void
    ) {
        self.configuration = configuration
        self.loop = loop
        self.addresses = addresses
        self.found = found
        self.state = Mutex(State(core: core))
    }

    /// Opens sockets on interfaces that are new, and closes those of interfaces that have gone.
    func use(_ interfaces: [InterfaceAddress]) {
        self.loop.run {
            guard !self.state.withLock({ $0.isEnded }) else { return }
            self.loop.attach(self)
            self.reconcile(interfaces)
            self.loop.signal(self)
        }
    }

    /// Says farewell and closes everything.
    func end() {
        self.loop.run {
            let farewell = self.state.withLock { $0.core }.farewell(addresses: self.addresses())
            if let farewell { self.send(farewell) }
            let sockets = self.state.withLock { state in
                state.isEnded = true
                defer { state.sockets = [:] }
                return Array(state.sockets.values)
            }
            self.loop.detach(self)
            for socket in sockets { socket.close() }
        }
    }

    func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        guard !self.state.withLock({ $0.isEnded }) else { return nil }
        let sockets = self.state.withLock { $0.sockets }
        var isMore = false
        for (link, socket) in sockets { isMore = self.read(socket, of: link, now) || isMore }
        if now >= self.state.withLock({ $0.core.deadline }) {
            let addresses = self.addresses()
            for message in self.state.withLock({ $0.core.messages(now: now, addresses: addresses) }) {
                self.send(message)
            }
        }
        return isMore ? now : self.state.withLock { $0.core.deadline }
    }

    /// Reads what is there, but lets others have their turn too; returns whether there may be more.
    private func read(_ socket: UDPSocket, of link: Link, _ now: UInt64) -> Bool {
        for _ in 0..<64 {
            do throws(Errno) {
                guard let datagram = try socket.receiveDatagram() else { return false }
                let remote = NetworkAddress(datagram.remote)
                for sighting in self.state.withLock({ $0.core.receive(datagram.bytes, from: remote, now: now) }) {
                    self.found(sighting)
                }
            } catch {
                self.close(link)
                return false
            }
        }
        return true
    }

    private func send(_ message: [UInt8]) {
        for (link, socket) in self.state.withLock({ $0.sockets }) {
            guard let error = socket.sendDatagram(message, to: self.group(of: link)) else { continue }
            self.warn(link, "cannot be asked or told anything: \(error)")
        }
    }

    private func reconcile(_ interfaces: [InterfaceAddress]) {
        let wanted = Set(
            interfaces.compactMap { interface -> Link? in
                guard interface.index != 0,
                    interface.isLoopback ? self.configuration.usesLoopback : interface.isMulticast
                else { return nil }
                return Link(index: interface.index, family: interface.address.family)
            })
        for link in self.state.withLock({ Set($0.sockets.keys) }).subtracting(wanted) { self.close(link) }
        // A link that comes back gets another chance, and another warning.
        self.state.withLock { $0.lame.formIntersection(wanted) }
        for link in wanted.subtracting(self.state.withLock { Set($0.sockets.keys) }) { self.open(link) }
        if wanted.isEmpty {
            self.configuration.warn(
                LibP2PError(.systemFailed, "no interface of this host has multicast: mDNS finds nobody"))
        }
        self.state.withLock { $0.core.networkChanged(now: MonotonicClock.now()) }
    }

    private func open(_ link: Link) {
        do throws(SocketError) {
            let socket = try UDPSocket.joining(self.group(of: link), onInterface: link.index)
            self.state.withLock { $0.sockets[link] = socket }
            self.loop.watch(socket, for: self)
        } catch {
            self.warn(link, "cannot be used: \(error)")
        }
    }

    private func close(_ link: Link) {
        guard let socket = self.state.withLock({ $0.sockets.removeValue(forKey: link) }) else { return }
        self.loop.unwatch(socket)
        socket.close()
    }

    /// Once for each link.
    private func warn(_ link: Link, _ words: String) {
        guard self.state.withLock({ $0.lame.insert(link).inserted }) else { return }
        let name = NetworkInterface.name(ofScope: link.index)
        let family = link.family == .ipv4 ? "IPv4" : "IPv6"
        self.configuration.warn(LibP2PError(.systemFailed, "mDNS over \(family) on \(name) \(words)"))
    }

    /// RFC 6762 §3.
    private func group(of link: Link) -> SocketAddress {
        switch link.family {
        case .ipv4: SocketAddress(ipv4: (224, 0, 0, 251), port: self.configuration.port)
        case .ipv6:
            SocketAddress(
                family: .ipv6, high: 0xFF02_0000_0000_0000, low: 0xFB, port: self.configuration.port,
                scopeID: link.index)
        }
    }
}
