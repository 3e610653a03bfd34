/// A peer and where it may be reached.
///
///     let friend = try PeerInfo("/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq")
///     try await host.connect(to: friend)
public struct PeerInfo: Hashable, Sendable {
    /// Who it is.
    public var id: PeerID
    /// Its addresses, without the peer's id.
    public var addresses: [Multiaddress]

    /// Puts both together.
    public init(id: PeerID, addresses: [Multiaddress]) {
        self.id = id
        self.addresses = addresses
    }

    /// Takes an address that ends in `/p2p/` and the peer's id.
    public init(_ address: Multiaddress) throws(LibP2PError) {
        guard let id = address.peerID else {
            throw LibP2PError(.noAddress, "\(address) does not say which peer it is of: add /p2p/ and the peer's id")
        }
        self.init(id: id, addresses: [address.withoutPeer])
    }

    /// Takes the text of such an address.
    public init(_ text: String) throws(LibP2PError) { try self.init(Multiaddress(text)) }
}
