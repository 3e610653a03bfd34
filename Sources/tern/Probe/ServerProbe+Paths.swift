import QUIC
import QUICIO

// What happens when addresses change, and after the end: each on a connection of its own.

extension ServerProbe {
    /// The client moves to another port and says so with a new connection ID (RFC 9000 §9.2).
    func migration(_ visit: ProbeVisit, _ parameters: PeerTransportParameters?) async throws -> ProbeVerdict {
        if parameters?.forbidsMigration == true {
            return .no("its transport parameters forbid it", word: "forbidden")
        }
        return try await self.onConnection(visit, to: visit.address) { endpoint, connection in
            try await connection.handshakeConfirmed()
            try await endpoint.rebind(to: self.options.client.family == .ipv4 ? .anyIPv4() : .any())
            let port = await endpoint.localAddress.port
            do {
                while let event = try await connection.events.next() {
                    guard case .pathValidated(let path, let succeeded) = event, path.local.port == port else {
                        continue
                    }
                    guard succeeded else { return .no("the server does not answer on another path") }
                    try await connection.ping()
                    return .yes()
                }
            } catch let error as QUICError where connection.closeError != nil {
                return .no(error.reason.printable)
            }
            return .no(connection.closeError?.reason.printable ?? "the connection ended")
        }
    }

    /// The client's port changes without its knowledge, as behind a NAT (RFC 9000 §9.3.1): the server has to follow.
    func rebinding(_ visit: ProbeVisit) async throws -> ProbeVerdict {
        let translator = try AddressTranslator(to: visit.address)
        defer { translator.close() }
        return try await self.onConnection(visit, to: translator.address) { _, connection in
            try await connection.handshakeConfirmed()
            try await connection.ping()
            try translator.changePort()
            do {
                try await connection.ping()
                return .yes()
            } catch let error as QUICError where connection.closeError != nil {
                return .no(error.reason.printable)
            }
        }
    }

    /// A packet for a connection that is over: the server should say that it knows nothing of it (RFC 9000 §10.3).
    func reset(_ visit: ProbeVisit) async throws -> ProbeVerdict {
        let parameters = try await self.onConnection(visit, to: visit.address) { _, connection in
            try await connection.handshakeConfirmed()
            return await connection.peerTransportParameters()
        }
        guard let parameters, let token = parameters.resetToken else {
            return .no("the server gave no token for resets")
        }
        // Longer than any answer to it may be; it can be decrypted by nobody.
        var packet: [UInt8] = [0x40 | UInt8.random(in: 0..<0x40)] + parameters.firstConnectionID.bytes
        packet += (0..<80).map { _ in UInt8.random(in: .min ... .max) }
        // The connection lives on for three probe timeouts (§10.2), in which nothing is answered: the question is repeated.
        let report = await DatagramExchange.ask(
            SocketAddress(visit.address), packet, within: self.options.timeout, interval: .milliseconds(400)
        ) {
            $0.count > 20 && Array($0.suffix(16)) == token.bytes
        }
        switch report.outcome {
        case .answer: return .yes()
        case .silence:
            return .no("it gave a token and answers nothing to packets of a closed connection", word: "silent")
        case .refused(let error), .unsendable(let error): return .unknown("\(error)")
        case .cancelled: throw CancellationError()
        }
    }

    /// Runs `body` with an endpoint and a connection of its own.
    private func onConnection<R: Sendable>(
        _ visit: ProbeVisit, to address: NetworkAddress,
        _ body: @escaping @Sendable (QUICEndpoint, QUICConnection) async throws -> R
    ) async throws -> R {
        let endpoint = try await self.options.client.bind()
        let result: Result<R, any Error>
        do {
            let connection = try await endpoint.connect(to: address, visit.client)
            defer { connection.close(code: visit.closeCode) }
            result = .success(try await body(endpoint, connection))
        } catch {
            result = .failure(error)
        }
        await endpoint.shutdown(deadline: .zero)
        return try result.get()
    }
}
