internal import QUICEngine

/// Judges the certificate of a peer (tls §Peer Authentication): a function of bytes and of the time, nothing else.
///
///     switch PeerVerification.verify(chain: certificates, expecting: dialled, at: now) {
///     case .success(let peer): print("this is \(peer.id)")
///     case .failure(let rejection): print(rejection.reason)
///     }
///
/// That the peer has the certificate's private key, TLS itself checks.
public enum PeerVerification {
    /// The longest certificate that is looked at; one with an RSA key of 8192 bits has some 3,000 bytes.
    public static let maximumByteCount = 16_384

    /// Judges what a peer showed.
    ///
    /// - Parameters:
    ///   - chain: its certificates in DER, its own first.
    ///   - expecting: who it must be; nil: whoever it is.
    ///   - secondsSince1970: the time of day in UTC.
    public static func verify(
        chain: [[UInt8]], expecting: PeerID? = nil, at secondsSince1970: Int64
    ) -> Result<AuthenticatedPeer, PeerRejection> {
        Result { () throws(PeerRejection) in
            let certificate = try self.read(chain)
            try self.checkDates(certificate, at: secondsSince1970)
            // Bytes are looked at before signatures are computed: the latter cost time.
            let signed = try self.signedKey(of: certificate)
            let key = try self.hostKey(in: signed)
            try self.checkSelfSignature(certificate)
            let message = SignedKey.signedMessage(for: certificate.subjectPublicKeyInfo)
            guard key.isValid(signature: signed.signature, of: message) else {
                throw PeerRejection(.badCertificate, "the host key of \(key.peerID) did not sign the certificate's key")
            }
            // Last, so that the peer has shown to be the one that is named.
            if let expecting, key.peerID != expecting {
                throw PeerRejection(.certificateUnknown, "this is \(key.peerID), not \(expecting)")
            }
            return AuthenticatedPeer(key)
        }
    }

    /// Who showed a chain that ``verify(chain:expecting:at:)`` accepted before; it is not judged again.
    static func peer(ofAccepted chain: [[UInt8]]) -> AuthenticatedPeer? {
        guard let certificate = try? self.read(chain), let signed = try? self.signedKey(of: certificate) else {
            return nil
        }
        return (try? self.hostKey(in: signed)).map { AuthenticatedPeer($0) }
    }

    private static func read(_ chain: [[UInt8]]) throws(PeerRejection) -> CertificateStructure {
        guard let der = chain.first else {
            throw PeerRejection(.certificateRequired, "the peer showed no certificate")
        }
        guard chain.count == 1 else {
            throw PeerRejection(.badCertificate, "a host shows one certificate, this one showed \(chain.count)")
        }
        guard der.count <= self.maximumByteCount else {
            throw PeerRejection(
                .badCertificate, "the certificate has \(der.count) bytes, more than \(self.maximumByteCount)")
        }
        guard let certificate = CertificateStructure(der: der) else {
            throw PeerRejection(.badCertificate, "what the peer showed is no certificate")
        }
        guard certificate.version == 3 else {
            throw PeerRejection(.badCertificate, "the certificate has version \(certificate.version), not 3")
        }
        guard !certificate.hasUniqueIdentifier else {
            throw PeerRejection(.badCertificate, "the certificate has a unique identifier, which libp2p forbids")
        }
        return certificate
    }

    private static func checkDates(_ certificate: CertificateStructure, at now: Int64) throws(PeerRejection) {
        let start = UTCTime(certificate.notBefore)
        let end = UTCTime(certificate.notAfter)
        guard now <= certificate.notAfter else {
            throw PeerRejection(.certificateExpired, "the certificate expired on \(end); it is \(UTCTime(now))")
        }
        // RFC 8446 §6.2 has one alert for both.
        guard now >= certificate.notBefore else {
            throw PeerRejection(
                .certificateExpired, "the certificate is good only from \(start) on; it is \(UTCTime(now))")
        }
    }

    private static func signedKey(of certificate: CertificateStructure) throws(PeerRejection) -> SignedKey {
        let own = certificate.extensions.filter { $0.identifier == SignedKey.encodedIdentifier }
        guard let value = own.first?.value else {
            throw PeerRejection(.badCertificate, "the certificate has no libp2p extension")
        }
        // RFC 5280 §4.2: no extension twice.
        guard Set(certificate.extensions.map(\.identifier)).count == certificate.extensions.count else {
            throw PeerRejection(.badCertificate, "the certificate has the same extension twice")
        }
        guard own.count == certificate.extensions.filter({ $0.isCritical || own.contains($0) }).count else {
            throw PeerRejection(
                .unsupportedCertificate, "the certificate has a critical extension that libp2p does not know")
        }
        guard let signed = SignedKey(der: value) else {
            throw PeerRejection(.badCertificate, "the certificate's libp2p extension is malformed")
        }
        return signed
    }

    private static func hostKey(in signed: SignedKey) throws(PeerRejection) -> PublicKey {
        do { return try PublicKey(decoding: signed.publicKey) } catch {
            throw PeerRejection(
                error.code == .unsupported ? .unsupportedCertificate : .badCertificate,
                "the host key in the certificate is refused: \(error.description)")
        }
    }

    private static func checkSelfSignature(_ certificate: CertificateStructure) throws(PeerRejection) {
        switch certificate.selfSignatureFault {
        case nil: return
        case .unacceptable(let what):
            throw PeerRejection(.unsupportedCertificate, "the certificate has \(what)")
        case .wrong:
            throw PeerRejection(.badCertificate, "the certificate is not signed by its own key")
        }
    }
}
