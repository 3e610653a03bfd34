/// What a peer has said of itself, as far as it can be believed.
///
/// The key and the id are proven, and so are the addresses in ``signedRecord``; everything else is the peer's word.
public struct PeerIdentification: Hashable, Sendable {
    /// Who it is.
    public let peer: PeerID
    /// The peer's key.
    public let publicKey: PublicKey
    /// The protocols that the peer serves.
    public internal(set) var protocols: [ProtocolID] = []
    /// Where the peer can be reached, by its own account.
    public internal(set) var addresses: [Multiaddress] = []
    /// Where the peer sees us: a hint, until others say the same.
    public internal(set) var observedAddress: Multiaddress?
    /// The peer's software.
    public internal(set) var agentVersion: String?
    /// What family of protocols the peer belongs to, such as `ipfs/0.1.0`.
    public internal(set) var protocolVersion: String?
    /// The peer's addresses with its signature, in the form to pass on; nil: it sent none that is valid.
    public internal(set) var signedRecord: [UInt8]?
    /// The number of the signed record.
    public internal(set) var signedRecordSequence: UInt64?

    /// Knows nothing yet but who it is.
    init(of peer: AuthenticatedPeer) {
        self.peer = peer.id
        self.publicKey = peer.key
    }

    /// Takes in what the peer said on a connection from `remote`; what it did not mention stays as it was. Throws
    /// ``LibP2PError/Code/wrongPeer`` where it claims another key than the one it has proven to have.
    mutating func update(_ message: IdentifyMessage, from remote: Multiaddress) throws(LibP2PError) {
        if let key = message.publicKey { try self.check(key) }
        if !message.protocols.isEmpty { self.protocols = message.protocols.uniqued() }
        if let observed = message.observedAddress { self.observedAddress = try? Multiaddress(bytes: observed) }
        self.agentVersion = message.agentVersion ?? self.agentVersion
        self.protocolVersion = message.protocolVersion ?? self.protocolVersion
        if let record = self.newRecord(in: message) {
            self.signedRecord = message.signedPeerRecord
            self.signedRecordSequence = record.sequence
            self.addresses = self.usable(record.addresses, from: remote)
        } else if !message.listenAddresses.isEmpty {
            self.addresses = self.usable(message.listenAddresses, from: remote)
        }
    }

    private func check(_ key: [UInt8]) throws(LibP2PError) {
        guard key == self.publicKey.message.encoded else {
            throw LibP2PError(.wrongPeer, "\(self.peer) claims to have another key than it has proven to have")
        }
    }

    /// The record, if it is the peer's own, with its signature, and not older than the one that is known. A bad one is
    /// ignored, as peers pass on what they got.
    private func newRecord(in message: IdentifyMessage) -> PeerRecord? {
        guard let bytes = message.signedPeerRecord, let envelope = try? SignedEnvelope(decoding: bytes),
            envelope.publicKey == self.publicKey.message,
            let (record, _) = try? envelope.open(as: PeerRecord.self), record.peerID == self.peer,
            record.sequence >= self.signedRecordSequence ?? 0
        else { return nil }
        return record
    }

    /// The addresses of a list that make sense for who is connected from `remote`.
    private func usable(_ list: [[UInt8]], from remote: Multiaddress) -> [Multiaddress] {
        list.compactMap { try? Multiaddress(bytes: $0) }
            .filter { self.isOwn($0) && $0.reach.isUsable(from: remote.reach) }
            .map { $0.isRelayed ? $0 : $0.withoutPeer }
            .uniqued()
    }

    /// An address may end with the peer that it leads to, which must be this one.
    private func isOwn(_ address: Multiaddress) -> Bool {
        let named = address.isRelayed ? address.relay?.target : address.peerID
        return named == nil || named == self.peer
    }
}

extension AddressReach {
    /// Whether an address that a peer tells can be of use where the peer is seen at an address of the reach `remote`: who
    /// is far away must not send us to hosts of our own network.
    func isUsable(from remote: AddressReach) -> Bool {
        switch self {
        case .global, .name: true
        // Reserved ranges are at home in laboratories.
        case .privateNetwork, .linkLocal, .reserved: remote != .global
        case .loopback: remote == .loopback
        case .unspecified: false
        }
    }
}

extension Array where Element: Hashable {
    /// The elements without those that were there before.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return self.filter { seen.insert($0).inserted }
    }
}
