import QUIC
import QUICEngine
import QUICIO

/// What a chain says, on a terminal or as JSON.
struct CertificateReport {
    let chain: [CertificateDescription]
    private let now = WallClock.seconds()

    init(chain: [CertificateDescription]) { self.chain = chain }

    var pem: String { self.chain.map(\.pem).joined().trimmedEnd }

    var text: String {
        var parts = self.chain.enumerated().map { self.text(of: $1, number: $0 + 1) }
        if let problem = CertificateDescription.orderProblem(in: self.chain) {
            parts.append(Self.warning(problem))
        } else if self.chain.count > 1 {
            parts.append("\(Style.green("✓")) the chain is in order")
        }
        return parts.joined(separator: "\n\n")
    }

    var json: JSONObject {
        var object = JSONObject()
        object.add("certificates", self.entries)
        if let problem = CertificateDescription.orderProblem(in: self.chain) {
            object.add("order_problem", problem)
        } else {
            object.addNull("order_problem")
        }
        return object
    }

    /// One object for each certificate.
    var entries: [JSONObject] { self.chain.map { self.json(of: $0) } }

    /// What a chain in the wrong order means.
    static func warning(_ orderProblem: String) -> String {
        "\(Style.yellow("!")) \(orderProblem.printable): most clients forgive that, not all"
    }

    private func text(of certificate: CertificateDescription, number: Int) -> String {
        var rows: [(String, String)] = [
            ("subject", certificate.subject.printable),
            ("issuer", certificate.isSelfSigned ? "itself" : certificate.issuer.printable),
        ]
        if !certificate.names.isEmpty { rows.append(("names", Self.list(certificate.names))) }
        rows.append(("good from", UTCTime(certificate.notBefore).description))
        rows.append(("good until", "\(UTCTime(certificate.notAfter)), \(self.validity(of: certificate))"))
        rows.append(("key", "\(certificate.keyKind), \(certificate.keyBits) bits"))
        rows.append(("signature", certificate.signatureAlgorithm))
        rows.append(("authority", certificate.isAuthority ? "yes: it may sign others" : "no"))
        if !certificate.keyUsages.isEmpty { rows.append(("usage", certificate.keyUsages.joined(separator: ", "))) }
        if !certificate.purposes.isEmpty { rows.append(("purposes", Self.list(certificate.purposes))) }
        rows.append(("serial", certificate.serialNumber))
        rows.append(("pin", certificate.pin?.description ?? ""))
        rows.append(("SHA-256", Self.fingerprint(certificate.sha256)))
        rows.append(("SHA-1", Self.fingerprint(certificate.sha1)))
        let width = (rows.map { $0.0.columns }.max() ?? 0) + 4
        let heading = self.chain.count > 1 ? "certificate \(number) of \(self.chain.count)" : "certificate"
        let lines = rows.map { name, value in
            "  \(name.padded(to: width - 2))\(value.wrapped(to: Terminal.width - width, indent: width))"
        }
        return ([Style.bold(heading)] + lines).joined(separator: "\n")
    }

    /// In words, coloured where something is to be done.
    private func validity(of certificate: CertificateDescription) -> String {
        if self.now < certificate.notBefore { return Style.red("not good yet") }
        let days = (max(certificate.notAfter, self.now) - self.now) / 86_400
        if self.now > certificate.notAfter {
            return Style.red("expired \(((self.now - certificate.notAfter) / 86_400).counted("day")) ago")
        }
        let words = days == 0 ? "less than a day left" : "\(days.counted("day")) left"
        return days < 14 ? Style.yellow(words) : Style.green(words)
    }

    private static func list(_ words: [String]) -> String {
        words.map(\.printable).joined(separator: ", ")
    }

    private static func fingerprint(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) }.joined(separator: ":")
    }

    private func json(of certificate: CertificateDescription) -> JSONObject {
        var object = JSONObject()
        object.add("subject", certificate.subject)
        object.add("issuer", certificate.issuer)
        object.add("names", certificate.names)
        object.add("not_before", UTCTime(certificate.notBefore).iso8601)
        object.add("not_after", UTCTime(certificate.notAfter).iso8601)
        object.add("is_valid_now", certificate.notBefore <= self.now && self.now <= certificate.notAfter)
        object.add("key", certificate.keyKind)
        object.add("key_bits", certificate.keyBits)
        object.add("signature", certificate.signatureAlgorithm)
        object.add("is_authority", certificate.isAuthority)
        object.add("key_usages", certificate.keyUsages)
        object.add("purposes", certificate.purposes)
        object.add("serial", certificate.serialNumber)
        object.add("pin", certificate.pin?.description ?? "")
        object.add("sha256", Self.fingerprint(certificate.sha256))
        object.add("sha1", Self.fingerprint(certificate.sha1))
        return object
    }
}
