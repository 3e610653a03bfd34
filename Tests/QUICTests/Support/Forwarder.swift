import QUIC
import QUICEngine
import QUICIO
import Synchronization

/// A NAT in front of a server: passes datagrams on, from a source port that changes whenever it is told to.
///
/// It runs in one task that yields between looks at its sockets.
final class Forwarder: Sendable {
    /// Where the client sends.
    let address: NetworkAddress
    private let inner: UDPSocket
    private let server: SocketAddress
    private let outer: Mutex<[UDPSocket]>
    private let client = Mutex<SocketAddress?>(nil)
    /// Whether a copy of the client's next datagram with a wrong last byte goes ahead of it.
    private let damagesNext: Mutex<Bool>

    init(to server: NetworkAddress, damagingFirst: Bool = false) throws {
        self.damagesNext = Mutex(damagingFirst)
        self.server =
            SocketAddress(parsing: server.host, port: server.port)
            ?? SocketAddress(
                ipv4: (127, 0, 0, 1), port: server.port)
        self.inner = try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))
        self.address = .loopback(port: self.inner.localAddress.port)
        self.outer = Mutex([try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))])
    }

    /// Gives the client another source port; what is on its way to the last one still arrives.
    func rebind() throws {
        let socket = try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))
        self.outer.withLock { sockets in
            sockets.insert(socket, at: 0)
            while sockets.count > 20 { sockets.removeLast().close() }
        }
    }

    /// Passes on until the task is cancelled.
    func run() async {
        let ring = ReceiveRing(slots: 16)
        let batch = TransmitBatch()
        while !Task.isCancelled {
            let outer = self.outer.withLock { $0 }
            let damages = self.damagesNext.withLock { $0 }
            let passed = Self.pass(from: self.inner, through: outer[0], ring, batch, damages: damages) { sender in
                self.client.withLock { $0 = sender }
                return self.server
            }
            if passed > 0 { self.damagesNext.withLock { $0 = false } }
            for socket in outer {
                Self.pass(from: socket, through: self.inner, ring, batch) { _ in self.client.withLock { $0 } }
            }
            await Task.yield()
        }
        self.inner.close()
        for socket in self.outer.withLock({ $0 }) { socket.close() }
    }

    @discardableResult
    private static func pass(
        from source: UDPSocket, through target: UDPSocket, _ ring: ReceiveRing, _ batch: TransmitBatch,
        damages: Bool = false, to remote: (SocketAddress) -> SocketAddress?
    ) -> Int {
        let count = (try? source.receive(into: ring)) ?? 0
        for slot in 0..<count {
            let received = ring.received(slot)
            guard let remote = remote(received.remote) else { continue }
            if batch.room < received.count || batch.entriesLeft == 0 { _ = try? batch.flush(through: target) }
            ring.withBytes(of: slot) { bytes in
                if damages {
                    var copy = (0..<bytes.byteCount).map { bytes.byte(at: $0) }
                    copy[copy.count - 1] ^= 0x10
                    _ = copy.withRawSpan {
                        batch.append(
                            copying: $0, segmentSize: copy.count, remote: remote, local: target.localAddress, ecn: 0)
                    }
                }
                _ = batch.append(
                    copying: bytes, segmentSize: received.segmentSize, remote: remote, local: target.localAddress,
                    ecn: received.ecn)
            }
        }
        if !batch.isEmpty { _ = try? batch.flush(through: target) }
        batch.discard()
        return count
    }
}
