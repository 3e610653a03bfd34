import QUIC
import QUICEngine
import QUICIO

/// `tern cert make`
enum CertificateMaking {
    private static let kinds: [String: CertificateTemplate.KeyKind] = [
        "ed25519": .ed25519, "p256": .ecdsaP256, "p384": .ecdsaP384, "rsa2048": .rsa(bits: 2_048),
        "rsa3072": .rsa(bits: 3_072), "rsa4096": .rsa(bits: 4_096),
    ]

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let isJSON = arguments.flag("--json")
        let (isAuthority, isForced) = (arguments.flag("--ca"), arguments.flag("--force"))
        let prefix = try arguments.option("--out") ?? (isAuthority ? "ca" : "cert")
        let authority = try self.authority(&arguments)
        let template = try self.template(&arguments, isAuthority: isAuthority, authority)
        try arguments.end()
        let (certificate, key) = ("\(prefix).pem", "\(prefix).key")
        for path in [certificate, key] where !isForced && DiskFile.size(of: path) != nil {
            throw CertificateSourceError(
                description: "\(path) is there already: give --force to write over it, or another --out")
        }
        let bundle = try template.issue(by: authority)
        // The key first: a certificate without its key is of no use to anybody.
        try self.write(key) { () throws(Errno) in
            try PrivateFile.replace(key, with: Array(bundle.privateKeyPEM.utf8))
        }
        try self.write(certificate) { () throws(Errno) in
            try DiskFile.write(bundle.certificatePEM, to: certificate)
        }
        self.report(try CertificateDescription(der: bundle.chain[0]), certificate, key, isJSON: isJSON)
        return 0
    }

    private static func template(
        _ arguments: inout Arguments, isAuthority: Bool, _ authority: CertificateBundle?
    ) throws -> CertificateTemplate {
        let names = try arguments.list("--names") ?? (isAuthority ? [] : ["localhost", "127.0.0.1", "::1"])
        let days = try arguments.whole("--days", 1...36_500)
        let now = WallClock.seconds()
        for name in names where name.utf8.count > 253 || name.contains(where: { $0.isWhitespace || !$0.isASCII }) {
            throw UsageError(
                message: "--names takes DNS names and addresses between commas (xn-- for other scripts), not \(name)")
        }
        // RFC 5280 appendix A.1: a common name has at most 64 characters. The names proper are elsewhere.
        // Two authorities of one name would be hard to tell apart.
        let number = String(UInt16.random(in: 0x1000 ... .max), radix: 16)
        var template = CertificateTemplate(
            commonName: isAuthority ? "tern authority \(number)" : String((names.first ?? "").prefix(64)), names: names,
            now: now)
        guard isAuthority || !names.isEmpty else { throw UsageError(message: "--names needs at least one name") }
        template.isAuthority = isAuthority
        template.notAfter = now + Int64(days ?? 365) * 86_400
        if let authority {
            let end = try CertificateDescription(der: authority.chain[0]).notAfter
            // Nothing is good for longer than what signed it.
            if days == nil { template.notAfter = min(template.notAfter, end) }
            if template.notAfter > end {
                Console.warn(
                    "the authority is good until \(UTCTime(end).date) only, and so is what it signs: choose fewer --days"
                )
            }
        }
        template.keyKind = try arguments.choice("--key-kind", self.kinds) ?? .ecdsaP256
        return template
    }

    private static func authority(_ arguments: inout Arguments) throws -> CertificateBundle? {
        let (issuer, issuerKey) = (try arguments.option("--issuer"), try arguments.option("--issuer-key"))
        guard (issuer == nil) == (issuerKey == nil) else {
            throw UsageError(message: "give both --issuer and --issuer-key")
        }
        guard let issuer, let issuerKey else { return nil }
        let authority = try CertificateBundle(
            certificatePEM: CertificateSource.bytes(of: issuer), privateKeyPEM: CertificateSource.bytes(of: issuerKey))
        let description = try CertificateDescription(der: authority.chain[0])
        guard description.isAuthority else {
            throw CertificateSourceError(
                description: "\(issuer) may not sign others: make an authority with tern cert make --ca")
        }
        return authority
    }

    private static func write(_ path: String, _ body: () throws(Errno) -> Void) throws {
        do throws(Errno) { try body() } catch {
            throw CertificateSourceError(description: "\(path) can't be written: \(error.message)")
        }
    }

    private static func report(_ made: CertificateDescription, _ certificate: String, _ key: String, isJSON: Bool) {
        let pin = made.pin?.description ?? ""
        if isJSON {
            var object = JSONObject()
            object.add("certificate", certificate)
            object.add("key", key)
            object.add("subject", made.subject)
            object.add("issuer", made.issuer)
            object.add("names", made.names)
            object.add("not_after", UTCTime(made.notAfter).iso8601)
            object.add("pin", pin)
            return Console.write(object.text)
        }
        var table = Table()
        table.add(certificate, made.isAuthority ? "the certificate of the authority" : "the certificate")
        table.add(key, "its key, which only you can read")
        table.add("for", made.names.isEmpty ? made.subject : made.names.joined(separator: ", "))
        table.add("until", UTCTime(made.notAfter).date)
        table.add("signed by", made.isSelfSigned ? "itself" : made.issuer)
        table.add("pin", pin)
        Console.write(table.text)
    }
}
