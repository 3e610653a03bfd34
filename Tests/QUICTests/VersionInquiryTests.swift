import QUIC
import Testing

@Suite("Asking a server for its versions", .timeLimit(.minutes(1)))
struct VersionInquiryTests {
    @Test(
        "a server tells the versions that it was configured with",
        arguments: [[QUICVersion.version1], [.version2, .version1]])
    func versions(_ versions: [QUICVersion]) async throws {
        try await EndpointPair.run {
            $0.server = { $0.transport.versions = versions }
        } _: { pair in
            let offered = try await QUICEndpoint.supportedVersions(of: pair.address)
            #expect(offered == versions.filter(EngineLibrary.versions.contains))
            #expect(await pair.server.statistics().versionNegotiations == 1)
            #expect(await pair.server.statistics().connectionsStarted == 0)
        }
    }

    @Test("over IPv6 as well")
    func ipv6() async throws {
        try await EndpointPair.run(at: .loopbackIPv6()) { pair in
            let versions = try await QUICEndpoint.supportedVersions(of: pair.address)
            #expect(versions.contains(.version1))
        }
    }

    @Test("a closed port is told from one that nobody answers on")
    func closed() async throws {
        let endpoint = try await QUICEndpoint.bind(to: .loopback())
        let address = await endpoint.localAddress
        let silent = await failure {
            _ = try await QUICEndpoint.supportedVersions(of: address, timeout: .milliseconds(100))
        }
        #expect(silent?.code == .handshakeTimeout)
        await endpoint.close()
        let closed = await failure { _ = try await QUICEndpoint.supportedVersions(of: address) }
        #expect(closed?.code == .unreachable)
        #expect(closed?.reason.contains("\(address.port)") == true)
    }

    @Test("a question that is lost is asked again")
    func loss() async throws {
        try await EndpointPair.run { pair in
            pair.server.stopListening()
            async let answer = QUICEndpoint.supportedVersions(of: pair.address, timeout: .seconds(30))
            try await until { await !pair.server.statistics().dropped.isEmpty }
            try pair.server.listen(pair.serverConfiguration)
            let versions = try await answer
            #expect(versions.contains(.version1))
        }
    }

    @Test("whoever does not want to wait any longer cancels the task")
    func cancelling() async throws {
        let endpoint = try await QUICEndpoint.bind(to: .loopback())
        let address = await endpoint.localAddress
        for isImmediate in [true, false] {
            let task = Task { try await QUICEndpoint.supportedVersions(of: address, timeout: .seconds(600)) }
            if !isImmediate { try await until { await endpoint.statistics().datagramsReceived > 0 } }
            task.cancel()
            let error = await failure { _ = try await task.value }
            #expect(error?.code == .cancelled)
        }
        await endpoint.close()
    }
}
