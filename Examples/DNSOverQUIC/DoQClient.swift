import ExampleSupport
import QUIC

/// Asks a server several questions at once and prints what it answers.
struct DoQClient: Sendable {
    private let host: String
    private let port: UInt16
    private let roots: String?
    private let queries: [DNSMessage]

    /// Nil: the arguments are wrong.
    init?(_ arguments: Arguments) throws {
        guard let host = arguments.words.first, arguments.words.count >= 3, arguments.words.count % 2 == 1,
            arguments["--certificate"] == nil, arguments["--key"] == nil
        else { return nil }
        self.host = host
        if let text = arguments["--port"] {
            guard let port = UInt16(text) else { return nil }
            self.port = port
        } else {
            self.port = DoQ.port
        }
        self.roots = arguments["--roots"]
        var queries: [DNSMessage] = []
        for index in stride(from: 1, to: arguments.words.count, by: 2) {
            guard let name = DNSName(arguments.words[index]), let type = DNSType(arguments.words[index + 1]),
                !DNSType.transfers.contains(type)
            else { return nil }
            queries.append(DNSMessage(query: name, type))
        }
        self.queries = queries
    }

    /// Returns whether the server had an answer to every question; that there is nothing is an answer too.
    func run() async throws -> Bool {
        var client = QUICClientConfiguration(protocols: DoQ.protocols)
        if let roots { client.tls.trust = .roots(try TrustStore(file: roots)) }
        // A server that opens a stream breaks the rules (section 4.3.3).
        client.transport.streams.bidirectional = 0
        client.transport.streams.unidirectional = 0
        let endpoint = try await QUICEndpoint.bind()
        let answers = try await endpoint.withConnection(to: self.host, port: self.port, client) { connection in
            try await withThrowingTaskGroup(of: (Int, DNSMessage).self) { group in
                for (number, query) in self.queries.enumerated() {
                    group.addTask { (number, try await self.ask(query, connection)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
        await endpoint.shutdown()
        return self.queries.indices.reduce(true) { $0 && self.report(self.queries[$1], answers[$1]) }
    }

    /// One query is one stream (section 4.2).
    private func ask(_ query: DNSMessage, _ connection: QUICConnection) async throws -> DNSMessage {
        do {
            return try await connection.withStream(errorCode: DoQ.Code.requestCancelled.rawValue) { stream in
                try await stream.write(DoQ.frame(try query.encoded()))
                try stream.finish()
                let answer: DNSMessage
                do { answer = try DNSMessage(try await DoQ.message(on: stream)) } catch is DNSReader.Malformed {
                    throw DoQ.Violation("the answer is malformed")
                }
                try DoQ.check(answer)
                guard answer.isResponse, answer.questions == query.questions || answer.status == .formatError else {
                    throw DoQ.Violation("the answer is not to the question")
                }
                return answer
            }
        } catch let violation as DoQ.Violation {
            connection.close(code: DoQ.Code.protocolError.rawValue, reason: violation.description)
            throw violation
        }
    }

    private func report(_ query: DNSMessage, _ answer: DNSMessage?) -> Bool {
        guard let answer, let question = query.questions.first else { return false }
        switch answer.status {
        case .noError where answer.answers.isEmpty: say("\(question.name) has no \(question.type)")
        case .noError: for record in answer.answers { say("\(record)") }
        case .nonexistentDomain: say("\(question.name) does not exist")
        default:
            let name = answer.status.map { "\($0)" } ?? "code \(answer.code)"
            say("\(question.name) \(question.type): the server answers with \(name)")
            return false
        }
        return true
    }
}
