internal import CLinuxUDP
internal import Glibc

// A socket with one peer: it hears the ICMP messages that are about its datagrams (ip(7), IP_RECVERR).

extension UDPSocket {
    /// A socket on a port that the kernel chose, connected to `remote`.
    static func connected(to remote: SocketAddress) throws(Errno) -> UDPSocket {
        let isIPv6 = remote.family == .ipv6
        var options = UDPSocketOptions()
        // One datagram each: nothing here cuts joined ones.
        options.usesReceiveOffload = false
        options.isIPv6Only = isIPv6
        let socket: UDPSocket
        do throws(SocketError) {
            socket = try UDPSocket(
                bindingTo: SocketAddress(family: remote.family, high: 0, low: 0, port: 0), options: options)
        } catch {
            throw error.errno
        }
        let error = socket.withState { state -> Errno? in
            _ = tern_udp_set(state.descriptor, isIPv6 ? TERN_UDP_REPORT_ERRORS_6 : TERN_UDP_REPORT_ERRORS_4, 1)
            return tern_udp_connect(state.descriptor, remote.systemForm, isIPv6 ? 1 : 0) == 0 ? nil : .last
        }
        if let error { throw error }
        return socket
    }

    /// Sends one datagram to the peer; what the kernel will have again soon, or has not yet, counts as lost.
    func sendConnected(_ bytes: [UInt8]) -> Errno? {
        self.withState { state in
            guard state.descriptor >= 0 else { return .badDescriptor }
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(state.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent < 0 else { return nil }
            let error = Errno.last
            switch error.datagramFault {
            case .retryNow, .waitUntilReady, .datagramLostAndPause: return nil
            default: return error
            }
        }
    }

    /// How large an IP packet to the peer may be, as far as the kernel knows.
    var connectedMTU: Int? {
        let isIPv6 = self.localAddress.family == .ipv6
        return self.withState { state in
            var value: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            let result = unsafe getsockopt(
                state.descriptor, Int32(isIPv6 ? IPPROTO_IPV6 : IPPROTO_IP), isIPv6 ? IPV6_MTU : IP_MTU, &value, &size)
            return result == 0 && value > 0 ? Int(value) : nil
        }
    }

    /// The next datagram of the peer, or an error that its host or a router reported.
    func receiveConnected() -> Result<[UInt8], Errno> {
        self.withState { state in
            guard state.descriptor >= 0 else { return .failure(.badDescriptor) }
            var failure: Errno?
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                let received = unsafe recv(state.descriptor, buffer.baseAddress, buffer.count, 0)
                if received < 0 { failure = .last }
                count = max(received, 0)
            }
            return failure.map { .failure($0) } ?? .success(bytes)
        }
    }
}
