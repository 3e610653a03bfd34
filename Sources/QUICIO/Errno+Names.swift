internal import Glibc

/// The numbers that UDP sockets, their options and the event loop under them report on Linux.
extension Errno {
    /// `EINTR`: a signal came first.
    public static var interrupted: Errno { Errno(EINTR) }
    /// `EAGAIN`, the same number as `EWOULDBLOCK`: nothing to read, or no room to write.
    public static var wouldBlock: Errno { Errno(EAGAIN) }
    /// `ENOBUFS`: a queue on the way out is full.
    public static var noBufferSpace: Errno { Errno(ENOBUFS) }
    /// `ENOMEM`: the kernel is short of memory.
    public static var outOfMemory: Errno { Errno(ENOMEM) }
    /// `EMSGSIZE`: the datagram is longer than the path or UDP allows.
    public static var messageTooLong: Errno { Errno(EMSGSIZE) }
    /// `EIO`: among others, a network card that cannot do segmentation offload.
    public static var inputOutput: Errno { Errno(EIO) }

    /// `ECONNREFUSED`: an earlier datagram met a closed port.
    public static var connectionRefused: Errno { Errno(ECONNREFUSED) }
    /// `ENETUNREACH`: no route, or the interface has gone.
    public static var networkUnreachable: Errno { Errno(ENETUNREACH) }
    /// `EHOSTUNREACH`: a router gave up on the host.
    public static var hostUnreachable: Errno { Errno(EHOSTUNREACH) }
    /// `ENETDOWN`: the interface is down.
    public static var networkDown: Errno { Errno(ENETDOWN) }
    /// `EHOSTDOWN`: a router says that the host is down.
    public static var hostDown: Errno { Errno(EHOSTDOWN) }
    /// `ENONET`: a router says that the host is isolated.
    public static var hostIsolated: Errno { Errno(ENONET) }
    /// `EPROTO`: a router or host objects to a header field.
    public static var protocolError: Errno { Errno(EPROTO) }
    /// `ENOPROTOOPT`: the peer has no UDP; on a socket call, an option this kernel lacks.
    public static var protocolUnavailable: Errno { Errno(ENOPROTOOPT) }
    /// `EOPNOTSUPP`: a router rejects the route; on a socket call, a flag this socket lacks.
    public static var notSupported: Errno { Errno(EOPNOTSUPP) }
    /// `EPERM`: the local firewall drops the datagram.
    public static var notPermitted: Errno { Errno(EPERM) }
    /// `EACCES`: a firewall forbids it, or the port needs a privilege.
    public static var permissionDenied: Errno { Errno(EACCES) }

    /// `EADDRINUSE`: another socket holds the port.
    public static var addressInUse: Errno { Errno(EADDRINUSE) }
    /// `EADDRNOTAVAIL`: no interface has this address.
    public static var addressNotAvailable: Errno { Errno(EADDRNOTAVAIL) }
    /// `EAFNOSUPPORT`: this host has no such address family, for example no IPv6.
    public static var addressFamilyNotSupported: Errno { Errno(EAFNOSUPPORT) }
    /// `EDESTADDRREQ`: the socket is not connected and the call named no address.
    public static var destinationRequired: Errno { Errno(EDESTADDRREQ) }
    /// `EMFILE`: the process has no descriptor left.
    public static var tooManyOpenFiles: Errno { Errno(EMFILE) }
    /// `ENFILE`: the host has no descriptor left.
    public static var tooManyOpenFilesInSystem: Errno { Errno(ENFILE) }
    /// `EINVAL`: an argument makes no sense.
    public static var invalidArgument: Errno { Errno(EINVAL) }
    /// `EBADF`: the descriptor is closed.
    public static var badDescriptor: Errno { Errno(EBADF) }
    /// `ENOTSOCK`: the descriptor is no socket.
    public static var notASocket: Errno { Errno(ENOTSOCK) }
    /// `EFAULT`: an address lies outside the process.
    public static var badAddress: Errno { Errno(EFAULT) }
}
