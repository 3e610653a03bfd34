/// An IPv4 or IPv6 address with a port, as a plain value that needs no C type.
///
///     let loopback = NetworkAddress(ipv4: (127, 0, 0, 1), port: 4433)
///     print(loopback)  // 127.0.0.1:4433
public struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// The two families that QUIC runs over.
    public enum Family: UInt8, Sendable {
        /// Internet Protocol version 4.
        case ipv4 = 4
        /// Internet Protocol version 6.
        case ipv6 = 6
    }

    /// Which family the address belongs to.
    public let family: Family
    /// The first eight bytes of the address in network order; an IPv4 address fills the upper half.
    public let high: UInt64
    /// The last eight bytes of an IPv6 address in network order; zero for IPv4.
    public let low: UInt64
    /// The UDP port.
    public let port: UInt16
    /// The interface of a link-local IPv6 address, otherwise zero.
    public let scopeID: UInt32

    /// Creates an IPv4 address from its four numbers.
    public init(ipv4 bytes: (UInt8, UInt8, UInt8, UInt8), port: UInt16) {
        let word = UInt64(bytes.0) << 24 | UInt64(bytes.1) << 16 | UInt64(bytes.2) << 8 | UInt64(bytes.3)
        self.init(family: .ipv4, high: word << 32, low: 0, port: port, scopeID: 0)
    }

    /// Creates an IPv6 address from its two halves in network order.
    public init(ipv6 high: UInt64, _ low: UInt64, port: UInt16, scopeID: UInt32 = 0) {
        self.init(family: .ipv6, high: high, low: low, port: port, scopeID: scopeID)
    }

    package init(family: Family, high: UInt64, low: UInt64, port: UInt16, scopeID: UInt32) {
        self.family = family
        self.high = high
        self.low = low
        self.port = port
        self.scopeID = scopeID
    }

    /// Returns the same host with another port.
    public func withPort(_ port: UInt16) -> NetworkAddress {
        NetworkAddress(family: self.family, high: self.high, low: self.low, port: port, scopeID: self.scopeID)
    }

    /// The address bytes in network order: four for IPv4, sixteen for IPv6.
    public var bytes: [UInt8] {
        let count = self.family == .ipv4 ? 4 : 16
        return (0..<count).map { index in
            let word = index < 8 ? self.high : self.low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// The address as people write it, with the port: `192.0.2.1:443` or `[2001:db8::1]:443`.
    public var description: String {
        switch self.family {
        case .ipv4: self.bytes.map(String.init).joined(separator: ".") + ":\(self.port)"
        case .ipv6: "[\(self.compressedIPv6)\(self.scopeID == 0 ? "" : "%\(self.scopeID)")]:\(self.port)"
        }
    }

    /// RFC 5952 §4: the longest run of two or more zero groups is written as `::`.
    private var compressedIPv6: String {
        let groups = (0..<8).map { index -> UInt16 in
            UInt16(truncatingIfNeeded: (index < 4 ? self.high : self.low) >> UInt64(48 - 16 * (index % 4)))
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = end + 1
        }
        let hex = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return hex.joined(separator: ":") }
        return hex[..<best.lowerBound].joined(separator: ":") + "::" + hex[best.upperBound...].joined(separator: ":")
    }
}

/// The two ends of a route: the address packets leave from and the one they go to.
public struct NetworkPath: Hashable, Sendable, CustomStringConvertible {
    /// Our own address.
    public var local: NetworkAddress
    /// The peer's address.
    public var remote: NetworkAddress

    /// Creates a path from its two ends.
    public init(local: NetworkAddress, remote: NetworkAddress) {
        self.local = local
        self.remote = remote
    }

    /// The path seen from the other end.
    public var reversed: NetworkPath { NetworkPath(local: self.remote, remote: self.local) }

    /// Both addresses with an arrow between them.
    public var description: String { "\(self.local) → \(self.remote)" }
}

/// The congestion mark of an IP packet (RFC 3168 §5).
public enum ECN: UInt8, Sendable {
    /// The sender does not understand marks.
    case notCapable = 0
    /// ECN-capable, code point 01.
    case ect1 = 1
    /// ECN-capable, code point 10: what QUIC senders use.
    case ect0 = 2
    /// A router on the way is congested.
    case congestionExperienced = 3
}
