import QUICEngine

/// Which packets a rule between two addresses is for.
public enum AddressMatch: Sendable {
    /// All packets between the two hosts, whatever the ports; exact addresses where the two are one host.
    case hosts
    /// Packets between exactly these two addresses.
    case addresses
}

extension NetworkPath {
    /// The two hosts, with the ports taken away.
    var hosts: NetworkPath { NetworkPath(local: self.local.withPort(0), remote: self.remote.withPort(0)) }

    /// The key under which a rule for this path is kept: on a single host only the ports tell the two ends apart.
    func key(matching match: AddressMatch) -> NetworkPath {
        guard match == .hosts else { return self }
        let hosts = self.hosts
        return hosts.local == hosts.remote ? self : hosts
    }
}
