internal import CLinuxUDP
internal import Glibc

/// One address of a network interface of this host.
///
///     for interface in try NetworkInterface.all() where interface.isUp && !interface.isLoopback {
///         print(interface.name, interface.address.host)
///     }
public struct NetworkInterface: Hashable, Sendable {
    /// What the host calls it, for example `eth0`; once for each of its addresses.
    public let name: String
    /// The number of the interface, by which IPv6 zones and multicast name it; 0 where it has just gone.
    public let index: UInt32
    /// The address, with port 0.
    public let address: SocketAddress
    /// Whether it is switched on.
    public let isUp: Bool
    /// Whether it reaches nothing but this host.
    public let isLoopback: Bool
    /// Whether groups of hosts can be reached through it.
    public let isMulticast: Bool

    /// All IPv4 and IPv6 addresses of this host, as they are now.
    public static func all() throws(Errno) -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&first) == 0 else { throw Errno.last }
        defer { unsafe freeifaddrs(first) }
        var found: [NetworkInterface] = []
        var next = unsafe first
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let address = SocketAddress(unsafe tern_udp_from_sockaddr(entry.pointee.ifa_addr)),
                let name = unsafe entry.pointee.ifa_name
            else { continue }
            found.append(
                NetworkInterface(
                    name: unsafe String(cString: name), index: unsafe if_nametoindex(name), address: address,
                    isUp: unsafe tern_udp_interface_is_up(entry) != 0,
                    isLoopback: unsafe tern_udp_interface_is_loopback(entry) != 0,
                    isMulticast: unsafe tern_udp_interface_is_multicast(entry) != 0))
        }
        return found
    }

    /// The number of the interface with this name or number; nil where this host has none of that name.
    public static func scope(named text: String) -> UInt32? {
        guard !text.utf8.contains(0) else { return nil }
        if let number = UInt32(text) { return number }
        let index = unsafe if_nametoindex(text)
        return index == 0 ? nil : index
    }

    /// The name of the interface with this number, or the number itself where there is none now.
    public static func name(ofScope scope: UInt32) -> String {
        // IF_NAMESIZE, with the zero.
        var name = [CChar](repeating: 0, count: 16)
        guard unsafe if_indextoname(scope, &name) != nil else { return String(scope) }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
