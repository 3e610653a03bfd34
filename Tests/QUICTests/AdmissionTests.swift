import QUIC
import Synchronization
import Testing

@Suite("Admission of clients", .timeLimit(.minutes(5)))
struct AdmissionTests {
    @Test("Retry always: every client shows its address, and gets in")
    func retryAlways() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.retry = .always }
        } _: { pair in
            for number in 1...3 as ClosedRange<UInt64> {
                let (client, server) = try await pair.connect()
                try await pair.expectAlive(client, server)
                #expect(await pair.server.statistics().retries == number)
            }
        }
    }

    @Test("a damaged copy of the first packet ahead of it does not lock the client out")
    func damagedFirstPacket() async throws {
        try await EndpointPair.run { pair in
            let forwarder = try Forwarder(to: pair.address, damagingFirst: true)
            let forwarding = Task { await forwarder.run() }
            let client = try await pair.client.connect(to: forwarder.address, pair.clientConfiguration())
            try await pair.expectAlive(client, try #require(try await pair.server.accept()))
            let statistics = await pair.server.statistics()
            #expect(statistics.attempts == 2)
            #expect(statistics.dropped.filter { $0.key.contains("retired") }.isEmpty)
            client.close()
            _ = try await client.closed()
            forwarding.cancel()
            await forwarding.value
        }
    }

    @Test("Retry under load: only from the threshold on")
    func retryUnderLoad() async throws {
        for (threshold, retries) in [(0, 1), (1, 0)] as [(Int, UInt64)] {
            try await EndpointPair.run { options in
                options.server = { $0.retry = .underLoad(threshold: threshold) }
            } _: { pair in
                _ = try await pair.connect()
                #expect(await pair.server.statistics().retries == retries)
            }
        }
    }

    @Test("the filter sees an attempt before anything is kept of it, and its answer is followed")
    func filter() async throws {
        let answer = Mutex(QUICAdmission.accept)
        let seen = Mutex<[QUICIncomingAttempt]>([])
        try await EndpointPair.run { options in
            options.server = {
                $0.filter = { attempt in
                    seen.withLock { $0.append(attempt) }
                    return answer.withLock { $0 }
                }
            }
        } _: { pair in
            _ = try await pair.connect()
            let first = try #require(seen.withLock { $0.first })
            #expect(first.remoteAddress == (await pair.client.localAddress))
            #expect(first.localAddress == pair.address)
            #expect(!first.isAddressValidated)
            #expect(first.halfOpen == 0)

            answer.withLock { $0 = .refuse }
            let refused = await failure {
                _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            }
            #expect(refused?.code == .connectionRefused)
            #expect(await pair.server.statistics().refusals == 1)

            answer.withLock { $0 = .retry }
            _ = try await pair.connect()
            #expect(await pair.server.statistics().retries == 1)
            #expect(seen.withLock { $0.last }?.isAddressValidated == true)

            answer.withLock { $0 = .ignore }
            let ignored = await failure {
                _ = try await pair.client.connect(
                    to: pair.address, pair.clientConfiguration { $0.transport.handshakeTimeout = .milliseconds(300) })
            }
            #expect(ignored?.code == .handshakeTimeout)
        }
    }

    @Test("caps: no room for handshakes, connections, or in the backlog means refused, and room again means accepted")
    func caps() async throws {
        try await EndpointPair.run { options in
            options.serverEndpoint.limits.acceptBacklog = 2
        } _: { pair in
            let first = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            let second = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            // A client is done before its server is.
            try await first.handshakeConfirmed()
            try await second.handshakeConfirmed()
            let third = await failure {
                _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            }
            #expect(third?.code == .connectionRefused)
            _ = try await pair.server.accept()
            _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
        }
        for limit in [\QUICEndpointLimits.halfOpen, \.connections] {
            try await EndpointPair.run { options in
                options.serverEndpoint.limits[keyPath: limit] = 0
            } _: { pair in
                let error = await failure {
                    _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
                }
                #expect(error?.code == .connectionRefused)
            }
        }
    }

    @Test("a crowded neighbourhood must come back with a token, or is refused where there is no Retry")
    func prefix() async throws {
        try await EndpointPair.run { options in
            options.serverEndpoint.limits.halfOpenPerPrefix = 0
        } _: { pair in
            _ = try await pair.connect()
            #expect(await pair.server.statistics().retries == 1)
        }
        try await EndpointPair.run { options in
            options.serverEndpoint.limits.halfOpenPerPrefix = 0
            options.server = { $0.retry = .never }
        } _: { pair in
            let error = await failure {
                _ = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            }
            #expect(error?.code == .connectionRefused)
        }
    }

    @Test("a server that speaks version 2 only is called again in version 2")
    func versionNegotiation() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.transport.versions = [.version2] }
        } _: { pair in
            let (client, server) = try await pair.connect()
            #expect(client.handshakeSummary?.version == .version2)
            #expect(await pair.server.statistics().versionNegotiations == 1)
            try await pair.expectAlive(client, server)
            let error = await failure {
                _ = try await pair.client.connect(
                    to: pair.address, pair.clientConfiguration { $0.transport.versions = [.version1] })
            }
            #expect(error?.code == .versionNegotiation)
        }
    }

    @Test("an endpoint that shuts down, or does not listen, takes nobody new; those who are there go on")
    func stopListening() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            pair.server.stopListening()
            let error = await failure {
                _ = try await pair.client.connect(
                    to: pair.address, pair.clientConfiguration { $0.transport.handshakeTimeout = .milliseconds(300) })
            }
            #expect(error?.code == .handshakeTimeout)
            try await pair.expectAlive(client, server)
            try pair.server.listen(pair.serverConfiguration)
            _ = try await pair.connect()
        }
    }
}
