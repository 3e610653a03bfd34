internal import CNGTCP2

extension TrustStore {
    /// Everything that is wrong with a server's chain, the own certificate first, in the order in which a person would
    /// ask: who signed it, when it is good, for whom. Empty where a client that trusts this store would accept it.
    ///
    /// `name` is the name or the IP address that the server is called by; nil leaves the name out. `now` is the second
    /// since 1970 at which it is to be good.
    ///
    ///     let problems = try TrustStore.system().problems(of: chain, name: "example.org", at: now)
    public func problems(of chain: [[UInt8]], name: String?, at now: Int64) -> [CertificateProblem] {
        let list: CertificateList
        var certificates: [CertificateDescription] = []
        do throws(EngineError) {
            list = try CertificateList(der: chain)
            for der in chain { certificates.append(try CertificateDescription(der: der)) }
        } catch {
            return [CertificateProblem(.unreadable, "it can't be read: \(error.message)")]
        }
        guard let own = certificates.first else { return [] }
        // The library knows the present only.
        let flags = GNUTLS_VERIFY_DISABLE_TIME_CHECKS.rawValue
        let (result, status) = self.status(of: list, name: name, peerIsServer: true, flags: flags)
        guard result == 0 else { return [CertificateProblem(.unreadable, describe(gnutls: result))] }
        let path = self.path(of: certificates)
        return self.chainProblems(status, path) + self.dateProblems(path, at: now)
            + Self.ownProblems(status, own, name: name)
    }

    /// What GnuTLS makes of a chain: a negative result, or 0 and flags of `gnutls_certificate_status_t`.
    func status(of certificates: CertificateList, name: String?, peerIsServer: Bool, flags: CUnsignedInt)
        -> (result: CInt, flags: CUnsignedInt)
    {
        var status: CUnsignedInt = 0
        let result = unsafe Self.withRequirements(name: name, peerIsServer: peerIsServer) { data, count in
            unsafe certificates.withHandles { handles, handleCount in
                unsafe gnutls_x509_trust_list_verify_crt2(
                    self.handle, handles, CUnsignedInt(handleCount), data, count, flags, &status, nil)
            }
        }
        return (result, status)
    }

    static func has(_ flag: gnutls_certificate_status_t, in status: CUnsignedInt) -> Bool {
        status & flag.rawValue != 0
    }

    /// Lends what the certificate must be good for: the name or address, and the purpose.
    private static func withRequirements(
        name: String?, peerIsServer: Bool,
        _ body: (UnsafeMutablePointer<gnutls_typed_vdata_st>?, CUnsignedInt) -> CInt
    ) -> CInt {
        var purpose = Array((peerIsServer ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT).utf8) + [0]
        let address = name.flatMap(IPLiteral.parse)
        var value = address ?? (Array((name ?? "").utf8) + [0])
        return unsafe purpose.withUnsafeMutableBufferPointer { purpose in
            unsafe value.withUnsafeMutableBufferPointer { value in
                var data = unsafe [
                    gnutls_typed_vdata_st(type: GNUTLS_DT_KEY_PURPOSE_OID, data: purpose.baseAddress, size: 0),
                    gnutls_typed_vdata_st(
                        type: address == nil ? GNUTLS_DT_DNS_HOSTNAME : GNUTLS_DT_IP_ADDRESS, data: value.baseAddress,
                        size: CUnsignedInt(address?.count ?? 0)),
                ]
                let count: CUnsignedInt = name == nil ? 1 : 2
                return unsafe data.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress, count) }
            }
        }
    }

    /// From the own certificate to the one that is trusted, or as far as it goes. What else a server sends is nobody's
    /// business.
    private func path(of certificates: [CertificateDescription]) -> [CertificateDescription] {
        var path: [CertificateDescription] = []
        var next = certificates.first
        while let current = next, path.count < certificates.count {
            path.append(current)
            if let anchor = self.issuer(of: current) {
                if anchor.der != current.der { path.append(anchor) }
                return path
            }
            next = certificates.first { !path.contains($0) && current.isIssued(by: $0) }
        }
        return path
    }

    /// The authority of this store that signed it.
    private func issuer(of certificate: CertificateDescription) -> CertificateDescription? {
        guard let list = try? CertificateList(der: [certificate.der]) else { return nil }
        var issuer: OpaquePointer?
        let flags = CUnsignedInt(GNUTLS_TL_GET_COPY.rawValue)
        guard unsafe gnutls_x509_trust_list_get_issuer(self.handle, list.first, &issuer, flags) == 0 else { return nil }
        defer { unsafe gnutls_x509_crt_deinit(issuer) }
        let der = unsafe try? takingDatum("encoding a certificate") {
            unsafe gnutls_x509_crt_export2(issuer, GNUTLS_X509_FMT_DER, $0)
        }
        return der.flatMap { try? CertificateDescription(der: $0) }
    }

    private func chainProblems(_ status: CUnsignedInt, _ path: [CertificateDescription]) -> [CertificateProblem] {
        var problems: [CertificateProblem] = []
        if Self.has(GNUTLS_CERT_SIGNER_NOT_FOUND, in: status), let last = path.last {
            problems.append(CertificateProblem(.unknownIssuer, Self.unknownIssuer(path.count, last)))
        }
        if Self.has(GNUTLS_CERT_SIGNER_NOT_CA, in: status) {
            problems.append(CertificateProblem(.notAnAuthority, "what signed it may not sign certificates"))
        }
        if Self.has(GNUTLS_CERT_SIGNATURE_FAILURE, in: status) {
            problems.append(
                CertificateProblem(.wrongSignature, "a signature in the chain is wrong: it was changed or damaged"))
        }
        if Self.has(GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, in: status) {
            problems.append(CertificateProblem(.other, "what signed it may not sign certificates for such names"))
        }
        if Self.has(GNUTLS_CERT_REVOKED, in: status) { problems.append(CertificateProblem(.revoked, "it was revoked")) }
        if Self.has(GNUTLS_CERT_INSECURE_ALGORITHM, in: status) {
            let weak = path.map { "\($0.signatureAlgorithm), \($0.keyKind) with \($0.keyBits) bits" }
            problems.append(
                CertificateProblem(
                    .weakAlgorithm, "a key or a signature in the chain is too weak: \(weak.joined(separator: "; "))"))
        }
        return problems
    }

    private static func unknownIssuer(_ count: Int, _ last: CertificateDescription) -> String {
        if last.isSelfSigned {
            return count == 1
                ? "it is signed by itself, and it is not among those that are trusted"
                : "its chain ends at \(last.subject), which is not among those that are trusted"
        }
        let beginning = count == 1 ? "it was signed by" : "its chain ends at a certificate that was signed by"
        return
            "\(beginning) \(last.issuer), who is not trusted and whose own certificate was not sent: an intermediate "
            + "certificate may be missing"
    }

    private func dateProblems(_ path: [CertificateDescription], at now: Int64) -> [CertificateProblem] {
        path.enumerated().compactMap { index, certificate in
            .dates(of: certificate, index == 0 ? "it" : "its issuer \(certificate.subject)", at: now)
        }
    }

    private static func ownProblems(_ status: CUnsignedInt, _ own: CertificateDescription, name: String?)
        -> [CertificateProblem]
    {
        var problems: [CertificateProblem] = []
        if self.has(GNUTLS_CERT_UNEXPECTED_OWNER, in: status), let name {
            let names = own.names.isEmpty ? own.subject : own.names.prefix(5).joined(separator: ", ")
            let more = own.names.count > 5 ? " and \(own.names.count - 5) more" : ""
            problems.append(CertificateProblem(.wrongName, "it is not for \(name), but for \(names)\(more)"))
        }
        if self.has(GNUTLS_CERT_PURPOSE_MISMATCH, in: status) {
            let purposes = own.purposes.isEmpty ? "" : ", but for \(own.purposes.joined(separator: ", "))"
            problems.append(CertificateProblem(.wrongPurpose, "it is not for TLS servers\(purposes)"))
        }
        if self.has(GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, in: status) {
            problems.append(CertificateProblem(.other, "it has a critical extension that is not understood"))
        }
        // Whatever is not told apart above must not look like acceptance.
        if status != 0, problems.isEmpty, !self.isExplained(status) {
            let text = unsafe try? takingDatum("explaining") {
                unsafe gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, $0, 0)
            }
            let words = text.map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            problems.append(CertificateProblem(.other, words ?? "verification status \(status)"))
        }
        return problems
    }

    private static func isExplained(_ status: CUnsignedInt) -> Bool {
        [
            GNUTLS_CERT_SIGNER_NOT_FOUND, GNUTLS_CERT_SIGNER_NOT_CA, GNUTLS_CERT_SIGNATURE_FAILURE,
            GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, GNUTLS_CERT_REVOKED, GNUTLS_CERT_INSECURE_ALGORITHM,
        ].contains { self.has($0, in: status) }
    }
}
