internal import CLinuxUDP
internal import Glibc

extension UDPSocket {
    /// Binds a new socket and returns its address.
    static func bind(
        _ descriptor: Int32, to address: SocketAddress, _ options: UDPSocketOptions,
        _ capabilities: inout UDPSocketCapabilities
    ) throws(SocketError) -> SocketAddress {
        if options.reusesPort, tern_udp_set(descriptor, TERN_UDP_REUSE_PORT, 1) != 0 {
            capabilities.notes.append("The port cannot be shared with other sockets: \(Errno.last).")
        }
        if address.family == .ipv6 {
            let isSet = tern_udp_set(descriptor, TERN_UDP_IPV6_ONLY, options.isIPv6Only ? 1 : 0) == 0
            capabilities.isDualStack = isSet && !options.isIPv6Only && address.isWildcard
            if !isSet {
                capabilities.notes.append("The socket serves IPv6 alone or both, as the host has it: \(Errno.last).")
            }
        }
        guard tern_udp_bind(descriptor, address.systemForm, address.family == .ipv6 ? 1 : 0) == 0 else {
            throw SocketError(.bind, .last, address: address)
        }
        var bound = tern_udp_address()
        guard unsafe tern_udp_local_address(descriptor, &bound) == 0, let local = SocketAddress(bound) else {
            throw SocketError(.bind, .last, address: address)
        }
        return local
    }

    /// Asks for all that makes QUIC fast; what is refused becomes a note.
    static func configure(
        _ descriptor: Int32, isIPv6: Bool, _ options: UDPSocketOptions, _ capabilities: inout UDPSocketCapabilities
    ) {
        func turnOn(_ option4: tern_udp_option, _ option6: tern_udp_option, to value: Int32, _ lack: String) -> Bool {
            // On an IPv6 socket the IPv4 options hold for IPv4 peers; one that has none may refuse them.
            let isDone4 = tern_udp_set(descriptor, option4, value) == 0
            let isDone = isIPv6 ? tern_udp_set(descriptor, option6, value) == 0 : isDone4
            let isComplete = isDone && (isDone4 || !capabilities.isDualStack)
            if !isComplete { capabilities.notes.append("\(lack): \(Errno.last).") }
            return isDone
        }
        capabilities.mtuProbing = turnOn(
            TERN_UDP_MTU_PROBING_4, TERN_UDP_MTU_PROBING_6, to: tern_udp_probing_only,
            "Routers may fragment datagrams, so the size of the path cannot be probed")
        capabilities.packetInfo = turnOn(
            TERN_UDP_PACKET_INFO_4, TERN_UDP_PACKET_INFO_6, to: 1,
            "On a host with several addresses, answers may leave from the wrong one")
        if options.marksECN {
            capabilities.ecn = turnOn(
                TERN_UDP_RECEIVE_ECN_4, TERN_UDP_RECEIVE_ECN_6, to: 1, "Congestion marks cannot be read")
        }
        func tryOne(_ option: tern_udp_option, to value: Int32, _ lack: String) -> Bool {
            let isDone = tern_udp_set(descriptor, option, value) == 0
            if !isDone { capabilities.notes.append("\(lack): \(Errno.last).") }
            return isDone
        }
        if options.usesReceiveOffload {
            capabilities.gro = tryOne(TERN_UDP_RECEIVE_OFFLOAD, to: 1, "The kernel cannot join datagrams (UDP_GRO)")
        }
        if options.usesSegmentationOffload {
            // Size 0 changes nothing, but a kernel without the option refuses it.
            capabilities.gso = tryOne(TERN_UDP_SEGMENTATION, to: 0, "The kernel cannot cut datagrams (UDP_SEGMENT)")
        }
        capabilities.overflowCounter = tryOne(
            TERN_UDP_OVERFLOW_COUNTER, to: 1, "Datagrams lost to a full receive buffer are not counted")

        capabilities.receiveBuffer = UDPSocket.resize(
            descriptor, TERN_UDP_RECEIVE_BUFFER_BY_FORCE, TERN_UDP_RECEIVE_BUFFER, to: options.receiveBuffer)
        capabilities.sendBuffer = UDPSocket.resize(
            descriptor, TERN_UDP_SEND_BUFFER_BY_FORCE, TERN_UDP_SEND_BUFFER, to: options.sendBuffer)
        let note = UDPSocketCapabilities.note(receiveBuffer: capabilities.receiveBuffer, asked: options.receiveBuffer)
        if let note { capabilities.notes.append(note) }
    }

    /// Sets a buffer beyond the host's limit if the process may, otherwise up to the limit, and returns its size.
    private static func resize(
        _ descriptor: Int32, _ force: tern_udp_option, _ ask: tern_udp_option, to size: Int
    ) -> Int {
        let wanted = Int32(clamping: size)
        if tern_udp_set(descriptor, force, wanted) != 0 { _ = tern_udp_set(descriptor, ask, wanted) }
        // The kernel doubles what it is given, for its own bookkeeping, and reports the double.
        return Int(tern_udp_value(descriptor, ask)) / 2
    }

    /// Gives up segmentation offload for as long as the socket lives.
    func stopSegmenting(because error: Errno) {
        self.withState { state in
            guard state.capabilities.gso else { return }
            state.capabilities.gso = false
            state.statistics.gsoFallbacks &+= 1
            state.capabilities.notes.append("Segmentation offload is off, because a send with it failed: \(error).")
        }
    }
}
