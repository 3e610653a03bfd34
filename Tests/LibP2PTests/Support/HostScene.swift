import QUICTestSupport
import Synchronization
import Testing

@testable import LibP2P

/// Some hosts on the loopback that echo on `/echo/1.0.0`, all running for the time of `body`; then nothing may be left.
enum HostScene {
    static let echo: ProtocolID = "/echo/1.0.0"

    /// A host that listens on a port of its own.
    static func host(
        listening: Bool = true, _ configure: (inout LibP2PConfiguration) -> Void = { _ in }
    ) throws -> LibP2PHost {
        var configuration = LibP2PConfiguration()
        if listening { configuration.listenAddresses = [try Multiaddress("/ip4/127.0.0.1/udp/0/quic-v1")] }
        configure(&configuration)
        let host = try LibP2PHost(key: .generate(), configuration)
        try host.handle(self.echo) { stream in
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
        return host
    }

    /// Runs all hosts, and checks that they leave nothing behind.
    static func run(
        _ hosts: [LibP2PHost], _ body: @Sendable ([LibP2PHost]) async throws -> Void
    ) async throws {
        await Gate.shared.enter()
        do {
            try await self.runMore(hosts, body)
        } catch {
            await Gate.shared.leave()
            throw error
        }
        await Gate.shared.leave()
    }

    /// The same inside of such a scene, which has its place at the gate already.
    static func runMore(
        _ hosts: [LibP2PHost], _ body: @Sendable ([LibP2PHost]) async throws -> Void
    ) async throws {
        try await self.run(hosts[...], all: hosts, body)
        for host in hosts { self.expectNothingLeft(host) }
    }

    private static func run(
        _ rest: ArraySlice<LibP2PHost>, all: [LibP2PHost], _ body: @Sendable ([LibP2PHost]) async throws -> Void
    ) async throws {
        guard let first = rest.first else { return try await body(all) }
        try await first.run { _ in try await self.run(rest.dropFirst(), all: all, body) }
    }

    static func expectNothingLeft(_ host: LibP2PHost) {
        #expect(host.usage == ResourceUsage(), "\(host.usage)")
        #expect(host.connections.isEmpty)
        #expect(host.state.withLock { $0.sockets.isEmpty && $0.dials.isEmpty && $0.arrivals.count == 0 })
    }

    /// Connects, and waits until the other end knows of it too.
    @discardableResult
    static func connect(_ host: LibP2PHost, to other: LibP2PHost) async throws -> LibP2PConnection {
        let connection = try await host.connect(to: try #require(other.addresses.first))
        while other.connections(to: host.peerID).isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        return connection
    }

    /// Waits for something that comes about by itself. The time limit of the test is the only one.
    static func until(_ what: String, _ isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// What a peer says of itself, once it has.
    static func identification(of peer: PeerID, by host: LibP2PHost) async throws -> PeerIdentification {
        while true {
            if let known = host.identification(of: peer), known.agentVersion != nil { return known }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Sends text to the peer and expects it back.
    static func expectEcho(_ host: LibP2PHost, _ peer: PeerID, _ text: String = "hello") async throws {
        let answer = try await host.withStream(to: peer, self.echo) { stream in
            try await stream.write(text)
            try await stream.closeWrite()
            return try await stream.readToEnd(limit: 1 << 20)
        }
        #expect(answer == Array(text.utf8))
    }
}
