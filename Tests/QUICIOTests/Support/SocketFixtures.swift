internal import Glibc
internal import Testing

@testable internal import QUICIO

extension SocketAddress {
    static let loopback4 = SocketAddress(ipv4: (127, 0, 0, 1), port: 0)
    static let loopback6 = SocketAddress(family: .ipv6, high: 0, low: 1, port: 0)
    static let any4 = SocketAddress(ipv4: (0, 0, 0, 0), port: 0)
    static let any6 = SocketAddress(family: .ipv6, high: 0, low: 0, port: 0)
}

/// A datagram as it arrived, joined ones cut again.
struct Arrival: Equatable {
    var bytes: [UInt8]
    var remote: SocketAddress
    var local: SocketAddress
    var ecn: UInt8
}

extension TransmitBatch {
    func append(
        _ bytes: [UInt8], segmentSize: Int? = nil, to remote: SocketAddress, from local: SocketAddress = .any4,
        ecn: UInt8 = 0
    ) -> Bool {
        self.append(
            copying: bytes.span.bytes, segmentSize: segmentSize ?? max(bytes.count, 1), remote: remote, local: local,
            ecn: ecn)
    }
}

extension UDPSocket {
    /// Sends one datagram.
    func send(_ bytes: [UInt8], to remote: SocketAddress, from local: SocketAddress = .any4, ecn: UInt8 = 0) throws {
        let batch = TransmitBatch()
        #expect(batch.append(bytes, to: remote, from: local, ecn: ecn))
        #expect(try batch.flush(through: self) == .sent)
    }

    /// Waits until something has arrived; half a minute means that nothing ever will.
    func waitUntilReadable() -> Bool {
        var query = pollfd(fd: self.withState { $0.descriptor }, events: Int16(POLLIN), revents: 0)
        return poll(&query, 1, 30_000) == 1
    }

    /// Receives this many datagrams, and not one more.
    func receive(_ count: Int, into ring: ReceiveRing = ReceiveRing()) throws -> [Arrival] {
        var arrivals: [Arrival] = []
        while arrivals.count < count {
            try #require(self.waitUntilReadable())
            arrivals += try self.receiveAll(into: ring)
        }
        #expect(arrivals.count == count)
        return arrivals
    }

    /// Receives what is there.
    func receiveAll(into ring: ReceiveRing = ReceiveRing()) throws -> [Arrival] {
        var arrivals: [Arrival] = []
        for slot in 0..<(try self.receive(into: ring)) {
            let received = ring.received(slot)
            let bytes = ring.withBytes(of: slot) { span in
                (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            }
            var start = 0
            repeat {
                let end = min(start + max(received.segmentSize, 1), bytes.count)
                arrivals.append(
                    Arrival(
                        bytes: Array(bytes[start..<end]), remote: received.remote, local: received.local,
                        ecn: received.ecn))
                start = end
            } while start < bytes.count
        }
        return arrivals
    }
}
