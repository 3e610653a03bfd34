internal import CLinuxUDP
internal import Glibc

extension UDPSocket {
    /// Divides the datagrams of a shared port among sockets by one byte of the Destination Connection ID.
    ///
    /// The socket at index `byte % sockets.count` gets the datagram, so that connection IDs with the number of their
    /// socket at `shardByteOffset` keep a connection on it, whatever the address of the peer becomes. Datagrams too
    /// short for that byte go to the first. All sockets must be bound to the same address with
    /// ``UDPSocketOptions/reusesPort``, in the order of the array; closing one moves the last into its place.
    public static func attachSteering(to sockets: [UDPSocket], shardByteOffset: Int) throws(SocketError) {
        guard let first = sockets.first else { return }
        // RFC 9000 §17.2: a connection ID has at most 20 bytes.
        guard let offset = UInt32(exactly: shardByteOffset), offset < 20 else {
            throw SocketError(.steer, .invalidArgument)
        }
        let error = first.withState { state -> Errno? in
            guard state.descriptor >= 0 else { return .badDescriptor }
            return tern_udp_steer(state.descriptor, offset, UInt32(clamping: sockets.count)) == 0 ? nil : .last
        }
        if let error { throw SocketError(.steer, error, address: first.localAddress) }
    }

    /// Returns the local address from which the kernel would send to `remote` now, with port 0. Nothing is sent.
    public static func sourceAddress(toward remote: SocketAddress) throws(Errno) -> SocketAddress {
        let isIPv6: Int32 = remote.family == .ipv6 ? 1 : 0
        let descriptor = tern_udp_open(isIPv6)
        guard descriptor >= 0 else { throw Errno.last }
        defer { Glibc.close(descriptor) }
        // Any port will do for the route, but zero is not allowed.
        let target = remote.port == 0 ? remote.withPort(443) : remote
        guard tern_udp_connect(descriptor, target.systemForm, isIPv6) == 0 else { throw Errno.last }
        var address = tern_udp_address()
        guard unsafe tern_udp_local_address(descriptor, &address) == 0 else { throw Errno.last }
        guard let source = SocketAddress(address) else { throw Errno.addressFamilyNotSupported }
        return source.withPort(0)
    }
}
