public import QUIC

/// All addresses that begin with the same bits: a network, a customer, or one address alone.
///
///     let office = try Subnet("192.0.2.0/24")
///     office.contains(NetworkAddress(ipv4: (192, 0, 2, 7), port: 4001))  // true
///     try Subnet("2001:db8::1")  // one address, hence /128
///
/// Ports do not matter, and an IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.7`) is an IPv4 address.
public struct Subnet: Hashable, Sendable, CustomStringConvertible {
    /// How many bits are the same in all of its addresses.
    public let length: Int
    /// The first of its addresses.
    private let first: NetworkAddress

    /// The network of this length around an address; a length that the family does not have becomes its longest.
    public init(of address: NetworkAddress, length: Int) {
        let plain = address.unmapped
        self.length = min(max(length, 0), plain.bitCount)
        self.first = plain.masked(to: self.length)
    }

    /// Reads `ADDRESS/LENGTH`, or an address alone. Bits behind the length must be zero, or it is a slip of the pen.
    public init(_ text: String) throws(LibP2PError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ NetworkAddress(String($0), port: 0) })?.unmapped else {
            throw LibP2PError(.malformed, "\"\(text)\" is no network: write 192.0.2.0/24 or 2001:db8::/32")
        }
        guard parts.count == 2 else {
            self.init(of: address, length: address.bitCount)
            return
        }
        guard let length = Int(parts[1]), (0...address.bitCount).contains(length) else {
            throw LibP2PError(
                .malformed, "\"\(text)\" needs a length between 0 and \(address.bitCount) behind the slash")
        }
        self.init(of: address, length: length)
        guard self.first == address.masked(to: address.bitCount) else {
            throw LibP2PError(.malformed, "\"\(text)\" has bits behind its length; the network is \(self)")
        }
    }

    /// Whether an address belongs to it.
    public func contains(_ address: NetworkAddress) -> Bool {
        let plain = address.unmapped
        return plain.family == self.first.family && plain.masked(to: self.length) == self.first
    }

    /// The first address and the length: `192.0.2.0/24`.
    public var description: String {
        // Without the port, and without the brackets that only a port needs.
        let host = self.first.description.dropLast(2)
        let bare = host.hasPrefix("[") ? host.dropFirst().dropLast() : host
        return "\(bare)/\(self.length)"
    }
}

extension NetworkAddress {
    var bitCount: Int { self.family == .ipv4 ? 32 : 128 }

    /// RFC 4291 §2.5.5.2: sockets of both families show IPv4 peers as `::ffff:a.b.c.d`.
    var unmapped: NetworkAddress {
        guard self.family == .ipv6, self.high == 0, self.low >> 32 == 0xffff else { return self }
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: self.low >> UInt64(24 - 8 * $0)) }
        return NetworkAddress(ipv4: (bytes[0], bytes[1], bytes[2], bytes[3]), port: self.port)
    }

    /// 127.0.0.0/8 and ::1.
    var isLoopback: Bool {
        let plain = self.unmapped
        return plain.family == .ipv4 ? plain.high >> 56 == 127 : plain.high == 0 && plain.low == 1
    }

    /// The address with only its first bits, without port and interface.
    fileprivate func masked(to length: Int) -> NetworkAddress {
        let high = self.high & Self.mask(length)
        guard self.family == .ipv6 else {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * $0)) }
            return NetworkAddress(ipv4: (bytes[0], bytes[1], bytes[2], bytes[3]), port: 0)
        }
        return NetworkAddress(ipv6: high, self.low & Self.mask(length - 64), port: 0)
    }

    /// A word whose first bits are set; shifts of Swift's `>>` beyond the width give zero.
    private static func mask(_ length: Int) -> UInt64 { length <= 0 ? 0 : ~(UInt64.max >> UInt64(min(length, 64))) }
}
