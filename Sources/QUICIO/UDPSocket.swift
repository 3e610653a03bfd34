internal import CLinuxUDP
internal import Glibc
internal import Synchronization

/// A UDP socket for QUIC: never blocks, keeps the addresses and congestion marks of datagrams, cuts and joins them.
///
///     let socket = try UDPSocket(bindingTo: SocketAddress(parsing: "::", port: 4433)!)
///     let ring = ReceiveRing()
///     let count = try socket.receive(into: ring)
///
/// One event loop uses it. Closing it from elsewhere is safe: later calls report a bad descriptor, and never touch a
/// descriptor that the process has opened since. A socket for `::` serves IPv4 as well, and IPv4 peers have IPv4
/// addresses there.
public final class UDPSocket: Sendable {
    struct State: Sendable {
        /// -1 once closed.
        var descriptor: Int32
        var capabilities: UDPSocketCapabilities
        var statistics = UDPSocketStatistics()
        /// The kernel's overflow counter, which starts over after 32 bits.
        var lastOverflow: UInt32 = 0
    }

    /// Where the socket is bound, with the port that the kernel chose.
    public let localAddress: SocketAddress
    let isIPv6: Bool
    /// Whether congestion marks are set.
    let marks: Bool
    let system: any DatagramSystem
    /// Held during calls, so that a descriptor is not closed and given away between its look-up and its use.
    private let state: Mutex<State>

    /// Opens a socket and binds it; port 0 lets the kernel choose one.
    public convenience init(bindingTo address: SocketAddress, options: UDPSocketOptions = .init()) throws(SocketError) {
        try self.init(bindingTo: address, options: options, system: LinuxDatagramSystem())
    }

    /// Opens a socket whose calls a test watches and disturbs.
    package init(
        bindingTo address: SocketAddress, options: UDPSocketOptions, system: any DatagramSystem
    ) throws(SocketError) {
        let isIPv6 = address.family == .ipv6
        let descriptor = tern_udp_open(isIPv6 ? 1 : 0)
        guard descriptor >= 0 else { throw SocketError(.open, .last, address: address) }
        var capabilities = UDPSocketCapabilities()
        do throws(SocketError) {
            self.localAddress = try UDPSocket.bind(descriptor, to: address, options, &capabilities)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        UDPSocket.configure(descriptor, isIPv6: isIPv6, options, &capabilities)
        self.isIPv6 = isIPv6
        self.marks = capabilities.ecn
        self.system = system
        self.state = Mutex(State(descriptor: descriptor, capabilities: capabilities))
    }

    /// Takes over a bound UDP socket, for example one that systemd opened; from then on it is closed with this object.
    ///
    /// If this throws, the descriptor still belongs to the caller.
    public convenience init(adopting descriptor: Int32, options: UDPSocketOptions = .init()) throws(SocketError) {
        try self.init(adopting: descriptor, options: options, system: LinuxDatagramSystem())
    }

    /// Takes over a socket whose calls a test watches and disturbs.
    package init(
        adopting descriptor: Int32, options: UDPSocketOptions, system: any DatagramSystem
    ) throws(SocketError) {
        let kind = tern_udp_is_ipv6(descriptor)
        guard kind >= 0 else { throw SocketError(.adopt, .last, descriptor: descriptor) }
        var address = tern_udp_address()
        guard unsafe tern_udp_local_address(descriptor, &address) == 0, let local = SocketAddress(address),
            local.port != 0
        else { throw SocketError(.adopt, .destinationRequired, descriptor: descriptor) }
        guard tern_udp_make_nonblocking(descriptor) == 0 else {
            throw SocketError(.adopt, .last, descriptor: descriptor)
        }
        var capabilities = UDPSocketCapabilities()
        capabilities.isDualStack =
            kind == 1 && local.family == .ipv6 && local.isWildcard
            && tern_udp_value(descriptor, TERN_UDP_IPV6_ONLY) == 0
        UDPSocket.configure(descriptor, isIPv6: kind == 1, options, &capabilities)
        self.localAddress = local
        self.isIPv6 = kind == 1
        self.marks = capabilities.ecn
        self.system = system
        self.state = Mutex(State(descriptor: descriptor, capabilities: capabilities))
    }

    deinit { self.close() }

    /// What the kernel granted; ``UDPSocketCapabilities/gso`` can become false later.
    public var capabilities: UDPSocketCapabilities { self.state.withLock { $0.capabilities } }

    /// What went through so far.
    public var statistics: UDPSocketStatistics { self.state.withLock { $0.statistics } }

    /// Whether ``close()`` has been called.
    public var isClosed: Bool { self.state.withLock { $0.descriptor < 0 } }

    /// Gives the port back. Datagrams that the kernel has taken still leave.
    public func close() {
        let descriptor = self.state.withLock { state in
            defer { state.descriptor = -1 }
            return state.descriptor
        }
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Reads as many datagrams as have arrived and fit, in one call, and returns how many slots they fill.
    ///
    /// Returns 0 if nothing is there. Throws only when the socket is of no further use: errors that somebody else's
    /// ICMP message can cause are counted, and the call repeated.
    public func receive(into ring: ReceiveRing) throws(Errno) -> Int {
        // Each such error has been taken off the socket by the call that reported it; many in a row mean a flood.
        for _ in 0..<16 {
            switch self.receiveOnce(into: ring) {
            case .success(let count): return count
            case .failure(.wouldBlock): return 0
            case .failure(let error) where !error.isTransientForDatagrams: throw error
            case .failure: continue
            }
        }
        return 0
    }

    private func receiveOnce(into ring: ReceiveRing) -> Result<Int, Errno> {
        let fault = self.system.faultReceiving()
        return self.state.withLock { state in
            var result: Result<Int, Errno> = .failure(fault ?? .badDescriptor)
            if fault == nil, state.descriptor >= 0 {
                let count = ring.receive(from: state.descriptor, localAddress: self.localAddress)
                result = count < 0 ? .failure(.last) : .success(Int(count))
            }
            state.statistics.callsIn &+= 1
            switch result {
            case .success(let count):
                for slot in 0..<count { state.count(ring.received(slot), overflow: ring.overflow(slot)) }
            case .failure(.wouldBlock): break
            case .failure: state.statistics.receiveErrors &+= 1
            }
            return result
        }
    }

    /// Runs `body` with the descriptor, or with -1 once closed; nobody closes it meanwhile.
    func withState<R>(_ body: (inout State) -> R) -> R {
        self.state.withLock { body(&$0) }
    }
}

extension UDPSocket.State {
    mutating func count(_ datagram: ReceiveRing.Received, overflow: UInt32?) {
        let size = max(datagram.segmentSize, 1)
        self.statistics.datagramsIn &+= UInt64(clamping: max((datagram.count + size - 1) / size, 1))
        self.statistics.bytesIn &+= UInt64(clamping: datagram.count)
        if datagram.isTruncated { self.statistics.truncated &+= 1 }
        if let overflow {
            self.statistics.receiveOverflow &+= UInt64(overflow &- self.lastOverflow)
            self.lastOverflow = overflow
        }
    }
}
