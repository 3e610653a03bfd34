internal import CNGTCP2
internal import Synchronization

extension TrustPolicy {
    /// Names the policy: a session that one policy let in is not resumed under another, which would check nothing.
    ///
    /// Judgements of the application can't be told apart, so all of them count as one.
    var fingerprint: [UInt8] {
        switch self.kind {
        case .system: Array("system".utf8)
        case .store(let store): sha256(Array("roots".utf8) + store.digest)
        case .pinned(let pins):
            sha256(Array("pinned".utf8) + pins.map(\.description).sorted().flatMap { Array($0.utf8) })
        case .custom: Array("custom".utf8)
        case .deferred: Array("deferred".utf8)
        case .insecureNoVerification: Array("insecure".utf8)
        }
    }

    /// Judges what the peer showed. nil: the application will say later.
    ///
    /// Synchronous and without side effects: it runs inside GnuTLS's call-back.
    func judge(_ peer: PeerCertificate, peerIsServer: Bool) -> CertificateVerdict? {
        if peer.isRawPublicKey, !self.judgesRawKeys {
            return .reject(
                .unsupportedCertificate, reason: "a bare public key can only be pinned or judged by a custom policy")
        }
        switch self.kind {
        case .insecureNoVerification: return .accept
        case .deferred: return nil
        case .custom(let judge): return judge(peer)
        case .pinned(let pins): return Self.check(peer, against: pins)
        case .store(let store): return Self.verify(peer, against: store, peerIsServer: peerIsServer)
        case .system:
            do { return Self.verify(peer, against: try TrustStore.system(), peerIsServer: peerIsServer) } catch {
                return .reject(.unknownCA, reason: error.message)
            }
        }
    }

    private static func check(_ peer: PeerCertificate, against pins: [PublicKeyPin]) -> CertificateVerdict {
        let digest = sha256(peer.publicKey)
        if pins.contains(where: { $0.digest == digest }) { return .accept }
        return .reject(.certificateUnknown, reason: "the peer's key \(digest.hexadecimal) is none of the pinned ones")
    }

    /// RFC 5280 §6 and, for servers, RFC 9110 §4.3.4: the chain, the dates, the purpose and the name.
    private static func verify(_ peer: PeerCertificate, against store: TrustStore, peerIsServer: Bool)
        -> CertificateVerdict
    {
        let now = AcceptedChains.now
        let digest = AcceptedChains.digest(of: peer, peerIsServer: peerIsServer)
        if store.accepted.withLock({ $0.contains(digest, at: now) }) { return .accept }
        let certificates: CertificateList
        do { certificates = try CertificateList(der: peer.chain) } catch {
            return .reject(.badCertificate, reason: error.message)
        }
        let (result, status) = store.status(
            of: certificates, name: peer.expectedName, peerIsServer: peerIsServer, flags: 0)
        guard result == 0 else { return .reject(.badCertificate, reason: describe(gnutls: result)) }
        guard status != 0 else {
            store.accepted.withLock { $0.insert(digest, at: now, expiry: certificates.expiry) }
            return .accept
        }
        return .reject(self.alert(for: status), reason: self.explain(status, peer))
    }

    private static func alert(for status: CUnsignedInt) -> TLSAlert {
        if TrustStore.has(GNUTLS_CERT_REVOKED, in: status) { return .certificateRevoked }
        if TrustStore.has(GNUTLS_CERT_SIGNER_NOT_FOUND, in: status)
            || TrustStore.has(GNUTLS_CERT_SIGNER_NOT_CA, in: status)
        {
            return .unknownCA
        }
        if TrustStore.has(GNUTLS_CERT_EXPIRED, in: status) || TrustStore.has(GNUTLS_CERT_NOT_ACTIVATED, in: status) {
            return .certificateExpired
        }
        if TrustStore.has(GNUTLS_CERT_PURPOSE_MISMATCH, in: status) { return .unsupportedCertificate }
        return .badCertificate
    }

    private static func explain(_ status: CUnsignedInt, _ peer: PeerCertificate) -> String {
        if TrustStore.has(GNUTLS_CERT_UNEXPECTED_OWNER, in: status), let name = peer.expectedName {
            return "the certificate is not for \(name)"
        }
        return
            unsafe (try? takingDatum("explaining") {
                unsafe gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, $0, 0)
            }).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } ?? "verification status \(status)"
    }
}
