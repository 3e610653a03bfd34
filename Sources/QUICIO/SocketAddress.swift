internal import CLinuxUDP
internal import Glibc

/// An IPv4 or IPv6 address with a UDP port.
///
///     let loopback = SocketAddress(parsing: "127.0.0.1", port: 4433)
///     print(loopback!)  // 127.0.0.1:4433
///
/// An IPv4 address in its mapped IPv6 form (RFC 4291 §2.5.5.2) is an IPv4 address here, so that one peer has one value
/// whichever kind of socket it talks to.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// The two families that UDP runs over.
    public enum Family: UInt8, Sendable {
        /// Internet Protocol version 4.
        case ipv4 = 4
        /// Internet Protocol version 6.
        case ipv6 = 6
    }

    /// Which family the address belongs to.
    public var family: Family
    /// The first eight bytes of the address in network order; an IPv4 address fills the upper half.
    public var high: UInt64
    /// The last eight bytes of an IPv6 address in network order; zero for IPv4.
    public var low: UInt64
    /// The UDP port.
    public var port: UInt16
    /// The interface of a link-local IPv6 address, otherwise zero.
    public var scopeID: UInt32

    /// Creates an address from its parts.
    public init(family: Family, high: UInt64, low: UInt64, port: UInt16, scopeID: UInt32 = 0) {
        self.family = family
        self.high = high
        self.low = low
        self.port = port
        self.scopeID = scopeID
    }

    /// Creates an IPv4 address from its four numbers.
    public init(ipv4 bytes: (UInt8, UInt8, UInt8, UInt8), port: UInt16) {
        let word = UInt64(bytes.0) << 24 | UInt64(bytes.1) << 16 | UInt64(bytes.2) << 8 | UInt64(bytes.3)
        self.init(family: .ipv4, high: word << 32, low: 0, port: port)
    }

    /// Reads an address literal, such as `192.0.2.1`, `2001:db8::1` or `fe80::1%eth0`; nil for everything else.
    ///
    /// Names are the business of ``HostNames``.
    public init?(parsing text: String, port: UInt16) {
        // C would take the text up to the zero for the whole.
        guard !text.utf8.contains(0) else { return nil }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var address = tern_udp_address()
        guard let literal = parts.first, unsafe tern_udp_parse(String(literal), port, &address) != 0,
            var parsed = SocketAddress(address)
        else { return nil }
        if parts.count == 2 {
            guard parsed.family == .ipv6, let scope = NetworkInterface.scope(named: String(parts[1])) else {
                return nil
            }
            parsed.scopeID = scope
        }
        self = parsed
    }

    /// Whether this stands for all addresses of the host: `0.0.0.0` or `::`.
    public var isWildcard: Bool { self.high == 0 && self.low == 0 }

    /// Whether this is an address of the host for itself: `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool {
        switch self.family {
        case .ipv4: self.high >> 56 == 127
        case .ipv6: self.high == 0 && self.low == 1
        }
    }

    /// Returns the same host with another port.
    public func withPort(_ port: UInt16) -> SocketAddress {
        var copy = self
        copy.port = port
        return copy
    }

    /// The address with the port, as people write it: `192.0.2.1:443` or `[2001:db8::1]:443`.
    public var description: String {
        switch self.family {
        case .ipv4: "\(self.host):\(self.port)"
        case .ipv6: "[\(self.host)]:\(self.port)"
        }
    }

    /// The address without the port, as people write it: `192.0.2.1` or `fe80::1%2`.
    public var host: String {
        switch self.family {
        case .ipv4:
            return (0..<4).map { String(UInt8(truncatingIfNeeded: self.high >> UInt64(56 - 8 * $0))) }
                .joined(separator: ".")
        case .ipv6: return self.compressedIPv6 + (self.scopeID == 0 ? "" : "%\(self.scopeID)")
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

extension SocketAddress {
    /// Takes over what the kernel reported; nil for another family.
    init?(_ address: tern_udp_address) {
        guard let family = Family(rawValue: address.family) else { return nil }
        self.init(family: family, high: address.high, low: address.low, port: address.port, scopeID: address.scope)
    }

    var systemForm: tern_udp_address {
        tern_udp_address(
            high: self.high, low: self.low, scope: self.scopeID, port: self.port, family: self.family.rawValue)
    }
}
