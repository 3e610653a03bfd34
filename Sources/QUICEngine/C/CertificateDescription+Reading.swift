internal import CNGTCP2

extension CertificateDescription {
    /// Reads one certificate.
    public init(der: [UInt8]) throws(EngineError) {
        let list = try CertificateList(der: [der])
        let handle = unsafe list.first
        let subject = unsafe try Self.name { unsafe gnutls_x509_crt_get_dn3(handle, $0, 0) }
        let issuer = unsafe try Self.name { unsafe gnutls_x509_crt_get_issuer_dn3(handle, $0, 0) }
        let serial = unsafe filledBuffer(32) { unsafe gnutls_x509_crt_get_serial(handle, $0, $1) }
        let sha1 = unsafe filledBuffer(20) {
            unsafe gnutls_x509_crt_get_fingerprint(handle, GNUTLS_DIG_SHA1, $0, $1)
        }
        var isAuthority: CUnsignedInt = 0
        let constraints = unsafe gnutls_x509_crt_get_basic_constraints(handle, nil, &isAuthority, nil)
        unsafe self.init(
            der: der, subject: Self.text(subject), issuer: Self.text(issuer),
            serialNumber: (serial ?? []).hexadecimal, names: Self.readNames(handle),
            validity: (
                Int64(gnutls_x509_crt_get_activation_time(handle)),
                Int64(gnutls_x509_crt_get_expiration_time(handle))
            ),
            key: try Self.readKey(handle, list), signatureAlgorithm: Self.readSignature(handle),
            isAuthority: constraints >= 0 && isAuthority != 0,
            isSelfSigned: gnutls_x509_crt_check_issuer(handle, handle) != 0,
            keyUsages: Self.readUsages(handle), purposes: Self.readPurposes(handle), sha1: sha1 ?? [])
    }

    /// Empty where there is none, as in the certificates of some libp2p hosts.
    private static func name(_ body: (UnsafeMutablePointer<gnutls_datum_t>) -> CInt) throws(EngineError) -> [UInt8] {
        var datum = unsafe gnutls_datum_t()
        let result = unsafe withUnsafeMutablePointer(to: &datum) { unsafe body($0) }
        guard result != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE else { return [] }
        try check("reading a name", result)
        defer { unsafe tern_free(datum.data) }
        return unsafe datum.copied
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    /// RFC 5280 §4.2.1.6. What is neither a name nor an address is told with its kind before it.
    private static func readNames(_ handle: OpaquePointer?) -> [String] {
        var names: [String] = []
        // A certificate has room for thousands; more than anybody reads are of no use.
        for index in 0..<CUnsignedInt(1_000) {
            var kind: CInt = 0
            let value = unsafe filledBuffer(256) { buffer, size in
                unsafe kind = gnutls_x509_crt_get_subject_alt_name(handle, index, buffer, size, nil)
                return kind
            }
            if kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE { break }
            guard let value, kind >= 0 else { continue }
            switch CUnsignedInt(kind) {
            case GNUTLS_SAN_DNSNAME.rawValue: names.append(String(decoding: value, as: UTF8.self))
            case GNUTLS_SAN_IPADDRESS.rawValue: names.append(NetworkAddress.text(ofBytes: value))
            case GNUTLS_SAN_RFC822NAME.rawValue: names.append("email:" + String(decoding: value, as: UTF8.self))
            case GNUTLS_SAN_URI.rawValue: names.append("URI:" + String(decoding: value, as: UTF8.self))
            default: names.append("other:" + value.hexadecimal)
            }
        }
        return names
    }

    private static func readKey(_ handle: OpaquePointer?, _ list: CertificateList) throws(EngineError)
        -> (kind: String, bits: Int, encoded: [UInt8])
    {
        var bits: CUnsignedInt = 0
        let algorithm = unsafe gnutls_x509_crt_get_pk_algorithm(handle, &bits)
        let encoded = try list.subjectPublicKeyInfo
        guard algorithm >= 0 else { return ("unknown", 0, encoded) }
        let kind = gnutls_pk_algorithm_t(CUnsignedInt(algorithm))
        switch kind {
        case GNUTLS_PK_EDDSA_ED25519: return ("Ed25519", Int(bits), encoded)
        case GNUTLS_PK_EDDSA_ED448: return ("Ed448", Int(bits), encoded)
        case GNUTLS_PK_ECDSA:
            return ("\(KeyKind(algorithm, bits))", Int(bits), encoded)
        default:
            let name = unsafe gnutls_pk_get_name(kind).map { unsafe String(cString: $0) }
            return (name ?? "unknown", Int(bits), encoded)
        }
    }

    private static func readSignature(_ handle: OpaquePointer?) -> String {
        let algorithm = unsafe gnutls_x509_crt_get_signature_algorithm(handle)
        guard algorithm > 0 else { return "unknown" }
        return unsafe gnutls_sign_get_name(gnutls_sign_algorithm_t(CUnsignedInt(algorithm)))
            .map { unsafe String(cString: $0) } ?? "unknown"
    }

    private static func readUsages(_ handle: OpaquePointer?) -> [String] {
        var usage: CUnsignedInt = 0
        guard unsafe gnutls_x509_crt_get_key_usage(handle, &usage, nil) >= 0 else { return [] }
        let all: [(CInt, String)] = [
            (GNUTLS_KEY_DIGITAL_SIGNATURE, "digital signature"), (GNUTLS_KEY_NON_REPUDIATION, "non-repudiation"),
            (GNUTLS_KEY_KEY_ENCIPHERMENT, "key encipherment"), (GNUTLS_KEY_DATA_ENCIPHERMENT, "data encipherment"),
            (GNUTLS_KEY_KEY_AGREEMENT, "key agreement"), (GNUTLS_KEY_KEY_CERT_SIGN, "certificate signing"),
            (GNUTLS_KEY_CRL_SIGN, "CRL signing"),
        ]
        return all.filter { usage & CUnsignedInt($0.0) != 0 }.map(\.1)
    }

    private static func readPurposes(_ handle: OpaquePointer?) -> [String] {
        let known = [
            GNUTLS_KP_TLS_WWW_SERVER: "TLS servers", GNUTLS_KP_TLS_WWW_CLIENT: "TLS clients",
            GNUTLS_KP_CODE_SIGNING: "code signing", GNUTLS_KP_EMAIL_PROTECTION: "email",
            GNUTLS_KP_TIME_STAMPING: "time stamping", GNUTLS_KP_OCSP_SIGNING: "OCSP signing", GNUTLS_KP_ANY: "any",
        ]
        var purposes: [String] = []
        for index in 0..<CUnsignedInt(100) {
            let value = unsafe filledBuffer(128) {
                unsafe gnutls_x509_crt_get_key_purpose_oid(handle, index, $0, $1, nil)
            }
            guard let value else { break }
            let identifier = Self.text(value)
            purposes.append(known[identifier] ?? identifier)
        }
        return purposes
    }
}

extension CertificateList {
    /// Whether the names, and the key identifiers where there are any, of the first two agree.
    var isFirstIssuedBySecond: Bool {
        unsafe self.withHandles { handles, count in
            guard count >= 2, let handles = unsafe handles else { return false }
            return unsafe gnutls_x509_crt_check_issuer(handles[0], handles[1]) != 0
        }
    }
}

extension NetworkAddress {
    /// Four or sixteen bytes as an address, without a port; other numbers of bytes in hexadecimal.
    static func text(ofBytes bytes: [UInt8]) -> String {
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: return bytes.map(String.init).joined(separator: ".")
        case 16:
            // [address]:port
            return String(
                NetworkAddress(ipv6: word(0..<8), word(8..<16), port: 0).description.dropFirst().prefix { $0 != "]" })
        default: return bytes.hexadecimal
        }
    }
}
