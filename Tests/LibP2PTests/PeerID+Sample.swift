import LibP2P

extension PeerID {
    /// Ids that differ by number; of two the one of the lower number is lower.
    static func sample(_ number: Int) -> PeerID {
        let key = (0..<32).map { UInt8(truncatingIfNeeded: UInt64(number) >> UInt64(min(8 * (31 - $0), 63))) }
        guard let message = try? PublicKeyMessage(type: .ed25519, key: key) else { preconditionFailure() }
        return PeerID(publicKey: message)
    }
}
