/// What lies between a UDP socket and the kernel; tests put a faulty one there.
package protocol DatagramSystem: Sendable {
    /// The error to report in place of sending, or nil to let the datagram through.
    ///
    /// Asked once for each message of a call, in order. An error ends the call before that message, as in the kernel.
    func fault(sending datagram: OutgoingDatagram) -> Errno?

    /// The error to report in place of receiving, or nil.
    func faultReceiving() -> Errno?
}

/// The kernel as it is.
package struct LinuxDatagramSystem: DatagramSystem {
    package init() {}
    package func fault(sending datagram: OutgoingDatagram) -> Errno? { nil }
    package func faultReceiving() -> Errno? { nil }
}

/// One message on its way to the kernel.
package struct OutgoingDatagram: Sendable {
    /// Where it goes.
    package let remote: SocketAddress
    /// Where it comes from; a wildcard leaves that to the kernel.
    package let local: SocketAddress
    /// How many bytes it has, all segments together.
    package let count: Int
    /// How many datagrams the kernel makes of it.
    package let segments: Int
    /// Its congestion mark.
    package let ecn: UInt8
}
