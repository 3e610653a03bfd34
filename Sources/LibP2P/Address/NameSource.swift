internal import QUIC
internal import QUICIO

/// Who knows what is behind a name.
protocol NameSource: Sendable {
    /// The addresses of a host, or those of one family, with port 0.
    func addresses(of host: String, family: NetworkAddress.Family?) async throws(LibP2PError) -> [NetworkAddress]
    /// The TXT records of a name; each is the text of its strings together.
    func texts(of name: String) async throws(LibP2PError) -> [String]
}

/// Asks the system for hosts, and its name servers for TXT records, which the system's own functions do not tell.
struct SystemNames: NameSource {
    /// Whom to ask for TXT records; nil for those of the system.
    var servers: [SocketAddress]?
    /// How long a server may take, before the next one is asked.
    var patience = Duration.seconds(3)

    func addresses(of host: String, family: NetworkAddress.Family?) async throws(LibP2PError) -> [NetworkAddress] {
        do throws(ResolutionError) {
            let family = family.flatMap { SocketAddress.Family(rawValue: $0.rawValue) }
            return try await HostNames.resolve(host, port: 0, family: family).map { NetworkAddress($0) }
        } catch {
            switch error.reason {
            case .cancelled: throw LibP2PError(.cancelled, error.description)
            case .notFound, .malformed: throw LibP2PError(.noAddress, error.description)
            case .temporary, .failed, .tooManyLookups: throw LibP2PError(.systemFailed, error.description)
            }
        }
    }

    func texts(of name: String) async throws(LibP2PError) -> [String] {
        guard let domain = DNSName(name) else {
            throw LibP2PError(.noAddress, "\(Multiaddress.Component.quoted(name)) cannot be a host name")
        }
        var failure = LibP2PError(.systemFailed, "there is no name server to ask")
        for server in self.servers ?? NameServers.system() {
            switch await self.ask(server, domain) {
            case .success(let texts): return texts
            case .failure(let error) where error.code == .systemFailed: failure = error
            case .failure(let error): throw error
            }
        }
        throw failure
    }

    private func ask(_ server: SocketAddress, _ domain: DNSName) async -> Result<[String], LibP2PError> {
        let id = UInt16.random(in: .min ... .max)
        let question = DNSQuestion(name: domain, type: .txt)
        var message = DNSMessage(id: id, flags: DNSMessage.recursionDesired, questions: [question])
        // RFC 6891 §6.1.2: the class of this record is how much we take.
        if let root = DNSName(labels: []) {
            message.additionals = [
                DNSRecord(name: root, type: .opt, kind: Self.datagramSize, timeToLive: 0, content: .bytes([]))
            ]
        }
        let report = await DatagramExchange.ask(
            server, message.encoded, within: self.patience, interval: .seconds(1),
            isAnswer: { Self.answer(in: $0, id, question) != nil })
        switch report.outcome {
        case .answer(let bytes): return Self.texts(in: Self.answer(in: bytes, id, question) ?? DNSMessage(), domain)
        case .cancelled: return .failure(LibP2PError(.cancelled, "the look-up of \(domain) was cancelled"))
        case .silence: return Self.failed(domain, "the name server \(server) does not answer")
        case .refused(let errno), .unsendable(let errno):
            return Self.failed(domain, "the name server \(server) cannot be asked: \(errno)")
        }
    }

    /// The records of some ten addresses fit; much more, and networks would have to cut the datagram.
    private static let datagramSize: UInt16 = 4_096

    /// The message, if it answers the question.
    private static func answer(in bytes: [UInt8], _ id: UInt16, _ question: DNSQuestion) -> DNSMessage? {
        guard let message = try? DNSMessage.answers(in: bytes), message.id == id, message.isResponse,
            message.operation == 0, message.questions == [question]
        else { return nil }
        return message
    }

    /// Where the answer was cut short, what there is of it will do: each record is an address of its own.
    private static func texts(in message: DNSMessage, _ domain: DNSName) -> Result<[String], LibP2PError> {
        switch message.responseCode {
        case 0: break
        case 3: return .failure(LibP2PError(.noAddress, "there is no name \(domain). Check the spelling"))
        case let code: return self.failed(domain, "the name server answers with error \(code)")
        }
        let texts = message.answers.compactMap { record -> String? in
            guard record.type == .txt, case .strings(let strings) = record.content else { return nil }
            return String(validating: strings.joined(), as: UTF8.self)
        }
        return .success(texts)
    }

    private static func failed(_ domain: DNSName, _ why: String) -> Result<[String], LibP2PError> {
        .failure(LibP2PError(.systemFailed, "cannot look up \(domain): \(why). Check the network and /etc/resolv.conf"))
    }
}
