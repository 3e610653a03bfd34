internal import CLinuxUDP
internal import Glibc

// One datagram at a time, to and from anybody: what a protocol of few small messages needs.

extension UDPSocket {
    /// A datagram, and who sent it.
    public struct Datagram: Hashable, Sendable {
        /// What it says.
        public let bytes: [UInt8]
        /// Where it came from.
        public let remote: SocketAddress
    }

    /// A socket that hears a multicast group on one interface and sends to the group there, its own process included.
    ///
    /// It is bound to the group's address: what somebody sends to this host alone does not come in. Other sockets and
    /// processes may have the same port.
    public static func joining(_ group: SocketAddress, onInterface index: UInt32) throws(SocketError) -> UDPSocket {
        var group = group
        group.scopeID = group.family == .ipv6 ? index : 0
        let descriptor = tern_multicast_open(group.systemForm, index)
        guard descriptor >= 0 else { throw SocketError(.bind, .last, address: group) }
        var options = UDPSocketOptions()
        (options.receiveBuffer, options.sendBuffer) = (1 << 18, 1 << 16)
        options.usesReceiveOffload = false
        options.usesSegmentationOffload = false
        options.marksECN = false
        do throws(SocketError) {
            return try UDPSocket(adopting: descriptor, options: options)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    /// Sends one datagram; what the kernel will have again soon, or has not yet, counts as lost.
    public func sendDatagram(_ bytes: [UInt8], to remote: SocketAddress) -> Errno? {
        self.withState { state in
            guard state.descriptor >= 0 else { return .badDescriptor }
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe tern_udp_send_to(
                    state.descriptor, $0.baseAddress, $0.count, remote.systemForm, self.isIPv6 ? 1 : 0)
            }
            guard sent < 0 else { return nil }
            let error = Errno.last
            switch error.datagramFault {
            case .retryNow, .waitUntilReady, .datagramLostAndPause: return nil
            default: return error
            }
        }
    }

    /// The next datagram, or nil where there is none now. Throws only when the socket is of no further use.
    public func receiveDatagram() throws(Errno) -> Datagram? {
        // As in ``receive(into:)``: each error of others is gone once it was reported.
        for _ in 0..<16 {
            switch self.receiveDatagramOnce() {
            case .success(let datagram): return datagram
            case .failure(.wouldBlock): return nil
            case .failure(let error) where !error.isTransientForDatagrams: throw error
            case .failure: continue
            }
        }
        return nil
    }

    private func receiveDatagramOnce() -> Result<Datagram?, Errno> {
        self.withState { state in
            guard state.descriptor >= 0 else { return .failure(.badDescriptor) }
            var failure: Errno?
            var remote = tern_udp_address()
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                let received = unsafe tern_udp_receive_from(
                    state.descriptor, buffer.baseAddress, buffer.count, &remote)
                if received < 0 { failure = .last }
                count = max(received, 0)
            }
            if let failure { return .failure(failure) }
            // Of another family than UDP's two, which cannot be.
            guard let remote = SocketAddress(remote) else { return .failure(.wouldBlock) }
            return .success(Datagram(bytes: bytes, remote: remote))
        }
    }
}
