extension IdentifyMessage {
    /// What this host says of itself to a peer that it sees at `remote`.
    ///
    /// `record` is from ``signedRecord(of:addresses:sequence:)``, made once for many peers.
    static func describing(
        _ key: PublicKey, addresses: [Multiaddress], protocols: [ProtocolID], agent: String,
        protocolVersion: String? = nil, record: [UInt8]? = nil, to remote: Multiaddress
    ) -> IdentifyMessage {
        var message = IdentifyMessage()
        message.publicKey = key.message.encoded
        // Nobody else can reach us by a loopback address.
        message.listenAddresses = addresses.filter { remote.reach == .loopback || $0.reach != .loopback }
            .prefix(AddressListLimits.count).map(\.bytes)
        message.protocols = Array(protocols.filter(\.isValid).prefix(Self.maximumProtocolCount))
        message.observedAddress = remote.withoutPeer.bytes
        message.protocolVersion = protocolVersion
        message.agentVersion = agent
        message.signedPeerRecord = record
        return message
    }

    /// The addresses of this host with its signature. `sequence` must grow with every change, over restarts too: the
    /// time will do.
    static func signedRecord(
        of key: PrivateKey, addresses: [Multiaddress], sequence: UInt64
    ) throws(LibP2PError) -> [UInt8] {
        // With its signature a record of so many addresses still fits a message of its own.
        var bytes = 0
        let kept = addresses.map(\.bytes).prefix { address in
            bytes += address.count + 8
            return bytes <= 2_048
        }
        let record = PeerRecord(peerID: key.peerID, sequence: sequence, addresses: Array(kept))
        return try SignedEnvelope(sealing: record, with: key).encoded
    }
}
