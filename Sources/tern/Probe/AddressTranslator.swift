import QUIC
import QUICIO
import Synchronization

/// A network address translator on this host: passes the datagrams of one client on to a server, from a port that it can
/// change, as a real one does when it has forgotten a connection or was restarted. Neither end is told.
final class AddressTranslator: Sendable {
    private struct State {
        /// The present one first; those before are kept open, so that nobody is told that they are gone.
        var outer: [UDPSocket]
        var client: SocketAddress?
    }

    /// Where the client sends.
    let address: NetworkAddress
    private let loop = EventLoop.shared(0)
    private let inner: UDPSocket
    private let server: SocketAddress
    private let state: Mutex<State>

    init(to server: NetworkAddress) throws {
        let address = SocketAddress(server)
        self.server = address
        self.inner = try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))
        self.address = .loopback(port: self.inner.localAddress.port)
        self.state = Mutex(State(outer: [try Self.open(toward: address)]))
        self.loop.run {
            self.loop.attach(self)
            self.loop.watch(self.inner, for: self)
            for socket in self.state.withLock({ $0.outer }) { self.loop.watch(socket, for: self) }
        }
    }

    /// From now on the server hears the client from another port, and what it sends to the one before is lost.
    func changePort() throws {
        let socket = try Self.open(toward: self.server)
        let before = self.state.withLock { state in
            defer { state.outer.insert(socket, at: 0) }
            return state.outer.first
        }
        self.loop.run {
            if let before { self.loop.unwatch(before) }
            self.loop.watch(socket, for: self)
        }
    }

    /// Gives all ports back.
    func close() {
        self.loop.run {
            self.loop.detach(self)
            self.inner.close()
            for socket in self.state.withLock({ $0.outer }) { socket.close() }
        }
    }

    private static func open(toward server: SocketAddress) throws -> UDPSocket {
        try UDPSocket(bindingTo: SocketAddress(family: server.family, high: 0, low: 0, port: 0))
    }

    private static func pass(
        from source: UDPSocket, through target: UDPSocket, to remote: (SocketAddress) -> SocketAddress?
    ) {
        let (ring, batch) = (ReceiveRing(slots: 8), TransmitBatch())
        let count = (try? source.receive(into: ring)) ?? 0
        for slot in 0..<count {
            let received = ring.received(slot)
            guard let remote = remote(received.remote) else { continue }
            if batch.room < received.count || batch.entriesLeft == 0 { _ = try? batch.flush(through: target) }
            ring.withBytes(of: slot) { bytes in
                _ = batch.append(
                    copying: bytes, segmentSize: received.segmentSize, remote: remote, local: target.localAddress,
                    ecn: received.ecn)
            }
        }
        // What the system does not take now is lost, as on any way.
        if !batch.isEmpty { _ = try? batch.flush(through: target) }
        batch.discard()
    }
}

extension AddressTranslator: LoopClient {
    func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        guard let outer = self.state.withLock({ $0.outer.first }) else { return nil }
        Self.pass(from: self.inner, through: outer) { sender in
            self.state.withLock { $0.client = sender }
            return self.server
        }
        Self.pass(from: outer, through: self.inner) { _ in self.state.withLock { $0.client } }
        return nil
    }
}
