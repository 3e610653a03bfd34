package import QUICEngine
package import QUICIO

// The engine and the sockets know nothing of each other: each has its own word for an address.

extension NetworkAddress {
    package init(_ address: SocketAddress) {
        self.init(
            family: address.family == .ipv4 ? .ipv4 : .ipv6, high: address.high, low: address.low, port: address.port,
            scopeID: address.scopeID)
    }
}

extension SocketAddress {
    package init(_ address: NetworkAddress) {
        self.init(
            family: address.family == .ipv4 ? .ipv4 : .ipv6, high: address.high, low: address.low, port: address.port,
            scopeID: address.scopeID)
    }
}
