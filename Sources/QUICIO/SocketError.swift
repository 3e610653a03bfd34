/// Why a UDP socket could not be had, with what a person can do about it.
///
///     do throws(SocketError) {
///         socket = try UDPSocket(bindingTo: address)
///     } catch {
///         print(error)  // cannot bind to 0.0.0.0:443: Permission denied (errno 13). Ports below 1024 need …
///     }
public struct SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public enum Operation: String, Sendable {
        /// Creating a socket.
        case open
        /// Giving it an address.
        case bind
        /// Taking over a socket of somebody else.
        case adopt
        /// Dividing a port among several sockets.
        case steer
        /// Asking which way datagrams would go.
        case route
    }

    /// What the system reported.
    public let errno: Errno
    /// What was tried.
    public let operation: Operation
    /// The whole story in words.
    public let message: String

    /// The whole story in words.
    public var description: String { self.message }

    init(_ operation: Operation, _ errno: Errno, address: SocketAddress? = nil, descriptor: Int32? = nil) {
        self.errno = errno
        self.operation = operation
        let goal =
            switch operation {
            case .open: "cannot open a UDP socket" + (address.map { " for \($0)" } ?? "")
            case .bind: "cannot bind to " + (address?.description ?? "an address")
            case .adopt: "cannot use descriptor \(descriptor ?? -1) as a UDP socket"
            case .steer: "cannot divide a UDP port among several sockets"
            case .route where errno == .tooManyOpenFiles || errno == .tooManyOpenFilesInSystem:
                "cannot look for the route to " + (address?.description ?? "an address")
            case .route: "there is no route to " + (address?.description ?? "an address")
            }
        let advice = SocketError.advice(operation, errno, address)
        self.message = "\(goal): \(errno)" + (advice.isEmpty ? "" : ". \(advice)")
    }

    /// A look for the route to `remote` that failed.
    package init(routeTo remote: SocketAddress, _ errno: Errno) { self.init(.route, errno, address: remote) }

    private static func advice(_ operation: Operation, _ errno: Errno, _ address: SocketAddress?) -> String {
        switch errno {
        case .tooManyOpenFiles: "The process has no descriptor left: raise its limit (`ulimit -n`)"
        case .tooManyOpenFilesInSystem: "The host has no descriptor left: raise it with `sysctl -w fs.file-max=…`"
        // What follows is about an address of this host.
        case _ where operation == .route: ""
        case .addressInUse:
            "Another socket has UDP port \(address?.port ?? 0); `ss -ulpn` shows which. "
                + "Stop that program or choose another port"
        case .permissionDenied, .notPermitted:
            (address?.port ?? 0) != 0 && (address?.port ?? 0) < 1024
                ? "Ports below 1024 need a privilege: choose a higher port, or grant the program CAP_NET_BIND_SERVICE"
                : "A security policy of this host forbids it"
        case .addressNotAvailable:
            "No interface of this host has the address \(address?.host ?? ""); `ip address` shows those there are"
        case .addressFamilyNotSupported: "IPv6 is turned off on this host: bind to an IPv4 address such as 0.0.0.0"
        case .invalidArgument where operation == .steer: "A connection ID has at most 20 bytes"
        case .invalidArgument where address?.family == .ipv6 && address?.scopeID == 0:
            "A link-local address needs its interface, as in fe80::1%eth0"
        case .notASocket where operation == .adopt: "It must be a UDP socket over IPv4 or IPv6 that is bound to a port"
        case .destinationRequired where operation == .adopt: "It must be bound to a port before it is handed over"
        case .badDescriptor where operation == .adopt: "The descriptor is not open"
        case .badDescriptor where operation == .steer: "A socket of the group is closed"
        case .protocolUnavailable where operation == .steer:
            "This kernel has no steering for UDP (it came with Linux 4.5)"
        default: ""
        }
    }
}
