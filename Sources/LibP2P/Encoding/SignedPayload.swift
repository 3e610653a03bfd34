/// A message that is sent in a ``SignedEnvelope``.
protocol SignedPayload: ProtobufMessage {
    /// What the signature is for, so that it is good for nothing else.
    static var domain: String { get }
    /// The code of multiformats for such messages, as plain bytes.
    static var payloadType: [UInt8] { get }
}

extension PeerRecord: SignedPayload {}
extension ReservationVoucher: SignedPayload {}

extension SignedEnvelope {
    /// Signs a message.
    init<Payload: SignedPayload>(sealing message: Payload, with key: PrivateKey) throws(LibP2PError) {
        let payload = message.encoded
        let signed = Self.signedBytes(
            domain: Payload.domain, payloadType: Payload.payloadType, payload: payload)
        self.init(
            publicKey: key.publicKey.message, payloadType: Payload.payloadType, payload: payload,
            signature: try key.sign(signed))
    }

    /// The message inside and the key of who signed it. Throws ``LibP2PError/Code/wrongPeer`` where the signature is not
    /// that key's, and where the envelope holds something else.
    ///
    /// Whether it is the right key, only the message can tell.
    func open<Payload: SignedPayload>(as type: Payload.Type) throws(LibP2PError) -> (Payload, signer: PublicKey) {
        guard self.payloadType == Payload.payloadType else {
            throw LibP2PError(.malformed, "the envelope does not hold a \(Payload.name)")
        }
        let signer = try PublicKey(self.publicKey)
        let signed = Self.signedBytes(
            domain: Payload.domain, payloadType: self.payloadType, payload: self.payload)
        guard signer.isValid(signature: self.signature, of: signed) else {
            throw LibP2PError(.wrongPeer, "the signature of a \(Payload.name) is not one of \(signer.peerID)")
        }
        return (try Payload(decoding: self.payload), signer)
    }
}
