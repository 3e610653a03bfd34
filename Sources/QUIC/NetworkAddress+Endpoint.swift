public import QUICEngine
internal import QUICIO

extension NetworkAddress {
    /// Every address of this host, of both families where it has both. Port 0: the system chooses one.
    public static func any(port: UInt16 = 0) -> NetworkAddress { NetworkAddress(ipv6: 0, 0, port: port) }

    /// Every IPv4 address of this host.
    public static func anyIPv4(port: UInt16 = 0) -> NetworkAddress { NetworkAddress(ipv4: (0, 0, 0, 0), port: port) }

    /// 127.0.0.1: reached from this host only.
    public static func loopback(port: UInt16 = 0) -> NetworkAddress {
        NetworkAddress(ipv4: (127, 0, 0, 1), port: port)
    }

    /// [::1]: reached from this host only.
    public static func loopbackIPv6(port: UInt16 = 0) -> NetworkAddress { NetworkAddress(ipv6: 0, 1, port: port) }

    /// Reads an address as people write it: `192.0.2.1`, `2001:db8::1` or `fe80::1%eth0`; nil where it is a name.
    public init?(_ text: String, port: UInt16) {
        guard let address = SocketAddress(parsing: text, port: port) else { return nil }
        self.init(address)
    }

    /// Looks a name up, and returns its addresses in the order of the system's preference (RFC 6724).
    public static func resolve(_ host: String, port: UInt16) async throws(QUICError) -> [NetworkAddress] {
        do throws(ResolutionError) {
            return try await HostNames.resolve(host, port: port).map { NetworkAddress($0) }
        } catch {
            if error.reason == .cancelled { throw .cancelled }
            throw QUICError(.nameNotResolved, error.description)
        }
    }
}
