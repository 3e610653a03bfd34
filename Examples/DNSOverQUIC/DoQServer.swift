import ExampleSupport
import Foundation
import QUIC

/// Answers queries for one zone.
struct DoQServer: Sendable {
    let zone: DNSZone
    let identity: TLSIdentity

    /// The server that the command line describes. Nil: it makes no sense.
    static func parse(_ arguments: Arguments) throws -> (DoQServer, port: UInt16)? {
        var words = arguments.words[...]
        let port = words.first.flatMap { UInt16($0) }
        if port != nil { words.removeFirst() }
        guard words.count <= 1, arguments["--port"] == nil, arguments["--roots"] == nil else { return nil }
        let text = try words.first.map { try String(contentsOfFile: $0, encoding: .utf8) }
        let zone = try DNSZone(file: text ?? DNSZone.builtIn)

        switch (arguments["--certificate"], arguments["--key"]) {
        case (let certificate?, let key?):
            let identity = try TLSIdentity(certificateFile: certificate, privateKeyFile: key)
            return (DoQServer(zone: zone, identity: identity), port ?? DoQ.port)
        case (nil, nil):
            let local = try LocalCertificate()
            try local.write(to: "localhost.pem")
            return (DoQServer(zone: zone, identity: local.identity), port ?? DoQ.port)
        default: return nil
        }
    }

    func listen(port: UInt16) async throws -> QUICEndpoint {
        var server = QUICServerConfiguration(identity: self.identity, protocols: DoQ.protocols)
        // Nobody opens these in DNS over QUIC (section 4.3.3). 0-RTT stays off: only what may be replayed could come
        // by it (section 4.5).
        server.transport.streams.unidirectional = 0
        return try await QUICEndpoint.listen(on: .any(port: port), server)
    }

    /// Returns when the endpoint is shut down.
    func serve(_ endpoint: QUICEndpoint) async throws {
        try await endpoint.serve(errorCode: DoQ.Code.internalError.rawValue) { connection in
            try await connection.serveStreams(errorCode: DoQ.Code.internalError.rawValue) { try await self.answer($0) }
        }
    }

    private func answer(_ stream: QUICStream) async throws {
        do {
            let query = try await DoQ.message(on: stream)
            // A query that can't be read is answered with FORMERR, but its ID must be 0 all the same.
            guard let message = (try? DNSMessage(query)) ?? DNSMessage(headerOf: query) else {
                throw DoQ.Violation("a message is shorter than its header")
            }
            try DoQ.check(message)
            guard let answer = self.zone.answer(to: query) else { return }
            try await stream.write(DoQ.frame(try self.encoded(answer)))
        } catch let violation as DoQ.Violation {
            stream.connection.close(code: DoQ.Code.protocolError.rawValue, reason: violation.description)
        }
    }

    private func encoded(_ answer: DNSMessage) throws -> [UInt8] {
        do { return try answer.encoded() } catch {
            var failure = answer
            failure.code = DNSMessage.Status.serverFailure.rawValue
            (failure.answers, failure.authorities, failure.additionals) = ([], [], [])
            return try failure.encoded()
        }
    }
}
