internal import QUIC

/// From where an address can be reached (IANA's special-purpose address registries).
///
///     try Multiaddress("/ip4/192.168.1.7/udp/4001/quic-v1").reach  // privateNetwork
public enum AddressReach: Hashable, Sendable {
    /// From this host alone: `127.0.0.0/8`, `::1`.
    case loopback
    /// From the same link: `169.254.0.0/16`, `fe80::/10`.
    case linkLocal
    /// From the same private network or the same provider: `10.0.0.0/8`, `100.64.0.0/10`, `fc00::/7` and so on.
    case privateNetwork
    /// From everywhere, as far as the address goes.
    case global
    /// From nowhere: documentation, benchmarks, multicast, ranges that nobody was given.
    case reserved
    /// `0.0.0.0`, `::`, or no address at all.
    case unspecified
    /// A name: it depends on what is behind.
    case name
}

extension Multiaddress {
    /// From where the address can be reached; for an address behind a relay, the relay.
    public var reach: AddressReach {
        for component in self.components {
            switch component.kind {
            case .ip4, .ip6: return AddressReach(ofBytes: component.bytes)
            case .dns, .dns4, .dns6, .dnsaddr: return .name
            case .ip6zone: continue
            default: return .unspecified
            }
        }
        return .unspecified
    }
}

extension AddressReach {
    /// Classifies the address of a packet.
    init(of address: NetworkAddress) { self.init(ofBytes: address.bytes) }

    static func isMulticast(_ address: NetworkAddress) -> Bool {
        let first = address.bytes.first ?? 0
        return address.family == .ipv4
            ? first >= 224 && first < 240 || address.high >> 32 == 0xFFFF_FFFF : first == 0xFF
    }

    /// Classifies four or sixteen bytes.
    init(ofBytes bytes: [UInt8]) {
        let four = bytes.count == 4 ? bytes : IPv6Text.mappedIPv4(in: bytes)
        // The table is in the order of the search: what is more special comes first.
        let table = four == nil ? Self.ipv6 : Self.ipv4
        let address = four ?? bytes
        self = table.first { Self.matches(address, $0.prefix, $0.bits) }?.reach ?? .reserved
    }

    private typealias Row = (prefix: [UInt8], bits: Int, reach: AddressReach)

    private static func matches(_ address: [UInt8], _ prefix: [UInt8], _ bits: Int) -> Bool {
        AddressPrefix.truncated(address, to: bits) == AddressPrefix.truncated(prefix, to: bits, of: address.count)
    }

    private static let ipv4: [Row] = [
        ([0, 0, 0, 0], 32, .unspecified), ([0], 8, .reserved),
        ([127], 8, .loopback), ([169, 254], 16, .linkLocal),
        ([10], 8, .privateNetwork), ([172, 16], 12, .privateNetwork), ([192, 168], 16, .privateNetwork),
        // Shared by the customers of a provider (RFC 6598).
        ([100, 64], 10, .privateNetwork),
        // IETF protocols, documentation, the withdrawn 6to4 relays, documentation.
        ([192, 0, 0], 24, .reserved), ([192, 0, 2], 24, .reserved), ([192, 88, 99], 24, .reserved),
        ([198, 51, 100], 24, .reserved), ([203, 0, 113], 24, .reserved),
        // Benchmarks (RFC 2544), multicast, class E with the broadcast address.
        ([198, 18], 15, .reserved), ([224], 4, .reserved), ([240], 4, .reserved),
        ([], 0, .global),
    ]

    private static let ipv6: [Row] = [
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 128, .unspecified),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, .loopback),
        ([0xFE, 0x80], 10, .linkLocal),
        // Unique local addresses (RFC 4193), the site-local ones before them, and the local NAT64 prefix (RFC 8215).
        ([0xFC], 7, .privateNetwork), ([0xFE, 0xC0], 10, .privateNetwork),
        ([0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01], 48, .privateNetwork),
        // NAT64 (RFC 6052).
        ([0x00, 0x64, 0xFF, 0x9B], 96, .global),
        // Benchmarks (RFC 5180), the two ORCHIDs, documentation (RFC 3849, RFC 9637).
        ([0x20, 0x01, 0x00, 0x02, 0x00, 0x00], 48, .reserved), ([0x20, 0x01, 0x00, 0x10], 28, .reserved),
        ([0x20, 0x01, 0x00, 0x20], 28, .reserved), ([0x20, 0x01, 0x0D, 0xB8], 32, .reserved),
        ([0x3F, 0xFF, 0x00], 20, .reserved),
        // All that was handed out so far; the rest is reserved.
        ([0x20], 3, .global),
    ]
}
