/// A DNS message (RFC 1035, section 4.1), with the part of EDNS(0) that DNS over QUIC needs.
struct DNSMessage: Hashable, Sendable {
    struct Question: Hashable, Sendable {
        var name: DNSName
        var type: DNSType
        var questionClass: UInt16 = DNSRecord.internet
    }

    /// The OPT record (RFC 6891).
    struct Extension: Hashable, Sendable {
        /// RFC 7828. Forbidden in DNS over QUIC.
        static let keepalive: UInt16 = 11
        /// RFC 7830.
        static let padding: UInt16 = 12

        var payloadSize: UInt16 = 1_232
        var version: UInt8 = 0
        var options: [UInt16: [UInt8]] = [:]
    }

    /// RFC 1035, section 4.1.1, and RFC 6891, section 9.
    enum Status: UInt16, Sendable, CustomStringConvertible {
        case noError = 0
        case formatError = 1
        case serverFailure = 2
        case nonexistentDomain = 3
        case notImplemented = 4
        case refused = 5
        case badVersion = 16

        var description: String {
            switch self {
            case .noError: "NOERROR"
            case .formatError: "FORMERR"
            case .serverFailure: "SERVFAIL"
            case .nonexistentDomain: "NXDOMAIN"
            case .notImplemented: "NOTIMP"
            case .refused: "REFUSED"
            case .badVersion: "BADVERS"
            }
        }
    }

    static let maximumSize = 65_535
    static let headerSize = 12

    var id: UInt16 = 0
    var isResponse = false
    var operation: UInt8 = 0
    var isAuthoritative = false
    var isTruncated = false
    var wantsRecursion = false
    /// The response code; numbers above 15 have their upper part in the OPT record.
    var code: UInt16 = 0
    var questions: [Question] = []
    var answers: [DNSRecord] = []
    var authorities: [DNSRecord] = []
    var additionals: [DNSRecord] = []
    var edns: Extension?

    var status: Status? { Status(rawValue: self.code) }

    init() {}

    /// A query for one kind of record, padded as RFC 8467 recommends.
    init(query name: DNSName, _ type: DNSType) {
        self.wantsRecursion = true
        self.questions = [Question(name: name, type: type)]
        self.edns = Extension(options: [Extension.padding: []])
    }

    /// The frame of the answer to `query`.
    init(answering query: DNSMessage, _ status: Status) {
        self.id = query.id
        self.isResponse = true
        self.operation = query.operation
        self.wantsRecursion = query.wantsRecursion
        self.questions = query.questions
        self.code = status.rawValue
        guard let asked = query.edns else { return }
        self.edns = Extension(options: asked.options[Extension.padding].map { _ in [Extension.padding: []] } ?? [:])
    }
}
