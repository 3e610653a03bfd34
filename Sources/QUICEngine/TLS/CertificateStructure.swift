/// The parts of an X.509 certificate as its bytes have them (RFC 5280 §4.1), for judges that look at everything.
///
///     guard let certificate = CertificateStructure(der: chain[0]), certificate.version == 3 else { return }
///     let faults = certificate.selfSignatureFault
///
/// Only the structure is checked. ``CertificateDescription`` is for people.
package struct CertificateStructure: Sendable {
    /// An extension; one that occurs twice is listed twice.
    package struct Extension: Hashable, Sendable {
        /// The content octets of the object identifier.
        package let identifier: [UInt8]
        package let isCritical: Bool
        package let value: [UInt8]
    }

    package let der: [UInt8]
    /// 1 to 3.
    package let version: Int
    /// In seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64
    /// Whether issuer or subject have a unique identifier (RFC 5280 §4.1.2.8).
    package let hasUniqueIdentifier: Bool
    package let extensions: [Extension]
    /// The public key exactly as it stands in the certificate.
    package let subjectPublicKeyInfo: [UInt8]
    /// The part that is signed.
    let signedPart: [UInt8]
    let signature: [UInt8]

    /// Reads one certificate that fills `der` to the end; nil where it is none.
    package init?(der: [UInt8]) {
        var outer = DERReader(der)
        guard let certificate = outer.read(0x30), outer.isAtEnd else { return nil }
        var parts = DERReader(certificate.content)
        guard let signed = parts.read(0x30), let algorithm = parts.read(0x30), let signature = parts.read(0x03),
            parts.isAtEnd, signature.content.first == 0
        else { return nil }

        var fields = DERReader(signed.content)
        guard let version = Self.version(from: &fields), fields.read(0x02) != nil,
            // §4.1.1.2: both places name the same algorithm.
            fields.read(0x30)?.encoded == algorithm.encoded, fields.read(0x30) != nil,
            let validity = fields.read(0x30).flatMap(Self.validity), fields.read(0x30) != nil,
            let key = fields.read(0x30)
        else { return nil }
        var uniqueIdentifiers = 0
        for tag: UInt8 in [0x81, 0x82] where fields.nextTag == tag {
            guard fields.read() != nil else { return nil }
            uniqueIdentifiers += 1
        }
        guard let extensions = Self.extensions(from: &fields), fields.isAtEnd else { return nil }
        self.der = der
        self.version = version
        (self.notBefore, self.notAfter) = validity
        self.hasUniqueIdentifier = uniqueIdentifiers > 0
        self.extensions = extensions
        self.subjectPublicKeyInfo = key.encoded
        self.signedPart = signed.encoded
        self.signature = Array(signature.content.dropFirst())
    }

    /// [0] EXPLICIT INTEGER, which is left out for version 1.
    private static func version(from fields: inout DERReader) -> Int? {
        guard fields.nextTag == 0xa0 else { return 1 }
        guard let explicit = fields.read() else { return nil }
        var inner = DERReader(explicit.content)
        guard let number = inner.read(0x02)?.content, inner.isAtEnd, number.count == 1, let value = number.first,
            1...2 ~= value
        else { return nil }
        return Int(value) + 1
    }

    private static func validity(_ element: DERReader.Element) -> (Int64, Int64)? {
        var times = DERReader(element.content)
        guard let start = times.read().flatMap(Self.time), let end = times.read().flatMap(Self.time), times.isAtEnd
        else { return nil }
        return (start, end)
    }

    /// §4.1.2.5: YYMMDDHHMMSSZ of the years 1950 to 2049, or YYYYMMDDHHMMSSZ.
    private static func time(_ element: DERReader.Element) -> Int64? {
        var text = String(decoding: element.content, as: UTF8.self)
        switch (element.tag, element.content.count) {
        case (0x17, 13): text = (text < "50" ? "20" : "19") + text
        case (0x18, 15): break
        default: return nil
        }
        let digits = Array(text.dropLast())
        guard text.last == "Z", digits.count == 14 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        let time =
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8)) \(part(8..<10)):\(part(10..<12)):\(part(12..<14))"
        return UTCTime(parsing: time)?.seconds
    }

    /// [3] EXPLICIT SEQUENCE OF Extension, and each is an identifier, a flag that may be left out, and bytes.
    private static func extensions(from fields: inout DERReader) -> [Extension]? {
        guard !fields.isAtEnd else { return [] }
        guard let explicit = fields.read(0xa3) else { return nil }
        var inner = DERReader(explicit.content)
        guard let list = inner.read(0x30), inner.isAtEnd else { return nil }
        var items = DERReader(list.content)
        var extensions: [Extension] = []
        while !items.isAtEnd {
            guard let item = items.read(0x30) else { return nil }
            var parts = DERReader(item.content)
            guard let identifier = parts.read(0x06) else { return nil }
            var isCritical = false
            if parts.nextTag == 0x01 {
                // DER has one way to say true, and leaves false out; some write it all the same.
                guard let flag = parts.read()?.content, flag == [0xff] || flag == [0] else { return nil }
                isCritical = flag == [0xff]
            }
            guard let value = parts.read(0x04), parts.isAtEnd else { return nil }
            extensions.append(
                Extension(identifier: identifier.content, isCritical: isCritical, value: value.content))
        }
        return extensions
    }
}
