internal import CNGTCP2

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
        let certificates: CertificateList
        do { certificates = try CertificateList(der: peer.chain) } catch {
            return .reject(.badCertificate, reason: error.message)
        }
        var status: CUnsignedInt = 0
        let result = unsafe withRequirements(of: peer, peerIsServer: peerIsServer) { data, count in
            unsafe certificates.withHandles { handles, handleCount in
                unsafe gnutls_x509_trust_list_verify_crt2(
                    store.handle, handles, CUnsignedInt(handleCount), data, count, 0, &status, nil)
            }
        }
        guard result == 0 else { return .reject(.badCertificate, reason: describe(gnutls: result)) }
        guard status != 0 else { return .accept }
        return .reject(self.alert(for: status), reason: self.explain(status, peer))
    }

    /// Lends what the certificate must be good for: the name or address, and the purpose.
    private static func withRequirements(
        of peer: PeerCertificate, peerIsServer: Bool,
        _ body: (UnsafeMutablePointer<gnutls_typed_vdata_st>?, CUnsignedInt) -> CInt
    ) -> CInt {
        var purpose = Array((peerIsServer ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT).utf8) + [0]
        let address = peer.expectedName.flatMap(IPLiteral.parse)
        var name = address ?? (Array((peer.expectedName ?? "").utf8) + [0])
        return unsafe purpose.withUnsafeMutableBufferPointer { purpose in
            unsafe name.withUnsafeMutableBufferPointer { name in
                var data = unsafe [
                    gnutls_typed_vdata_st(type: GNUTLS_DT_KEY_PURPOSE_OID, data: purpose.baseAddress, size: 0),
                    gnutls_typed_vdata_st(
                        type: address == nil ? GNUTLS_DT_DNS_HOSTNAME : GNUTLS_DT_IP_ADDRESS, data: name.baseAddress,
                        size: CUnsignedInt(address?.count ?? 0)),
                ]
                let count: CUnsignedInt = peer.expectedName == nil ? 1 : 2
                return unsafe data.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress, count) }
            }
        }
    }

    private static func has(_ flag: gnutls_certificate_status_t, in status: CUnsignedInt) -> Bool {
        status & flag.rawValue != 0
    }

    private static func alert(for status: CUnsignedInt) -> TLSAlert {
        if self.has(GNUTLS_CERT_REVOKED, in: status) { return .certificateRevoked }
        if self.has(GNUTLS_CERT_SIGNER_NOT_FOUND, in: status) || self.has(GNUTLS_CERT_SIGNER_NOT_CA, in: status) {
            return .unknownCA
        }
        if self.has(GNUTLS_CERT_EXPIRED, in: status) || self.has(GNUTLS_CERT_NOT_ACTIVATED, in: status) {
            return .certificateExpired
        }
        if self.has(GNUTLS_CERT_PURPOSE_MISMATCH, in: status) { return .unsupportedCertificate }
        return .badCertificate
    }

    private static func explain(_ status: CUnsignedInt, _ peer: PeerCertificate) -> String {
        if self.has(GNUTLS_CERT_UNEXPECTED_OWNER, in: status), let name = peer.expectedName {
            return "the certificate is not for \(name)"
        }
        return
            unsafe (try? takingDatum("explaining") {
                unsafe gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, $0, 0)
            }).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } ?? "verification status \(status)"
    }
}
