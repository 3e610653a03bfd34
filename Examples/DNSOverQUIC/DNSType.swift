/// The type of a record or a question.
struct DNSType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    static let a = DNSType(rawValue: 1)
    static let ns = DNSType(rawValue: 2)
    static let soa = DNSType(rawValue: 6)
    static let txt = DNSType(rawValue: 16)
    static let aaaa = DNSType(rawValue: 28)
    /// EDNS(0), RFC 6891: not data, but about the message.
    static let opt = DNSType(rawValue: 41)
    /// The transfer of a whole zone, of its changes or of all of it.
    static let transfers: [DNSType] = [DNSType(rawValue: 251), DNSType(rawValue: 252)]
    static let any = DNSType(rawValue: 255)

    let rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Nil: no type of that name. Those without a name here are written TYPE257 (RFC 3597).
    init?(_ text: String) {
        let text = text.uppercased()
        if let known = Self.names.first(where: { $0.value == text })?.key {
            self = known
        } else {
            guard text.hasPrefix("TYPE"), let number = UInt16(text.dropFirst(4)) else { return nil }
            self.init(rawValue: number)
        }
    }

    var description: String { Self.names[self] ?? "TYPE\(self.rawValue)" }

    private static let names: [DNSType: String] = [
        .a: "A", .ns: "NS", .soa: "SOA", .txt: "TXT", .aaaa: "AAAA", .opt: "OPT", .any: "ANY",
    ]
}
