public import QUIC

/// The network that an address is in: what limits per network count by.
///
///     let address = NetworkAddress("2001:db8:1:2:3::4", port: 4001)!
///     AddressPrefix(address, bits4: 32, bits6: 56)  // 2001:db8:1::/56
///     AddressPrefix(address, bits4: 24, bits6: 48)  // 2001:db8:1::/48
///
/// The port does not count, nor does the interface of a link-local address.
public struct AddressPrefix: Hashable, Sendable, CustomStringConvertible {
    private let bytes: [UInt8]
    /// How many bits of the address count.
    public let bits: Int

    /// Takes so many bits of an IPv4 address, or so many of an IPv6 address; numbers out of range mean none or all. An
    /// IPv4 address in its mapped IPv6 form is an IPv4 address.
    public init(_ address: NetworkAddress, bits4: Int, bits6: Int) {
        let bytes = IPv6Text.mappedIPv4(in: address.bytes) ?? address.bytes
        self.bits = bytes.count == 4 ? min(max(bits4, 0), 32) : min(max(bits6, 0), 128)
        self.bytes = Self.truncated(bytes, to: self.bits)
    }

    /// The network as people write it: `192.0.2.0/24`.
    public var description: String {
        let text =
            self.bytes.count == 4 ? self.bytes.map(String.init).joined(separator: ".") : IPv6Text.encode(self.bytes)
        return "\(text)/\(self.bits)"
    }

    /// The bytes with all bits after the first `bits` cleared, and as many bytes as said.
    static func truncated(_ bytes: [UInt8], to bits: Int, of count: Int? = nil) -> [UInt8] {
        let count = count ?? bytes.count
        return (0..<count).map { index in
            let kept = min(max(bits - 8 * index, 0), 8)
            return index < bytes.count && kept > 0 ? bytes[index] & (0xFF << UInt8(8 - kept)) : 0
        }
    }
}
