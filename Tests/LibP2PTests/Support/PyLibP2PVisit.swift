internal import Foundation
internal import QUIC
internal import Testing

@testable internal import LibP2P

/// A host that dials one of py-libp2p, and uses all that it offers.
struct PyLibP2PVisit: Sendable {
    let host: LibP2PHost
    let address: Multiaddress

    /// Everything, on two connections: the peer ends the first, we the second.
    func all(peer: String, kind: String) async throws {
        let connection = try await self.host.connect(to: self.address)
        #expect("\(connection.peer)" == peer)
        #expect(connection.publicKey.message.type == (try PyLibP2PTests.type(kind)))
        try await self.whoami(connection)
        try await HostScene.expectEcho(self.host, connection.peer)
        try await self.ping(connection)
        try await self.identify(connection)
        try await self.large(connection)
        try await self.streams(connection)
        try await self.finish(connection)
        try await self.reset(connection)
        try await self.watch(connection)
        try await self.list(connection)
        try await self.unknown(connection)
        try await self.hangup(connection)
        let second = try await self.host.connect(to: self.address)
        #expect(second != connection)
        try await HostScene.expectEcho(self.host, second.peer, "hello again")
        second.close(.shutdown, reason: "goodbye")
        _ = await second.closed()
    }

    private func whoami(_ connection: LibP2PConnection) async throws {
        let stream = try await connection.openStream(InteropProtocols.whoami)
        let said = Data(try await stream.readToEnd(limit: 1_000))
        let caller = try JSONDecoder().decode(InteropProtocols.Caller.self, from: said)
        #expect(caller.peer == "\(self.host.peerID)")
        #expect(caller.port == (try connection.localAddress.networkAddress().port))
    }

    private func ping(_ connection: LibP2PConnection) async throws {
        let session = try await self.host.ping(connection.peer)
        for _ in 0..<3 { _ = try await session.ping() }
        #expect(session.statistics.received == 3)
        await session.close()
    }

    /// The host has asked by itself.
    private func identify(_ connection: LibP2PConnection) async throws {
        let known = try await HostScene.identification(of: connection.peer, by: self.host)
        #expect(known.agentVersion?.contains("libp2p") == true, "\(known)")
        #expect(known.protocolVersion == "ipfs/0.1.0")
        #expect(Set([HostScene.echo, Ping.protocolID, InteropProtocols.hangup]).isSubset(of: known.protocols))
        #expect(known.addresses.map(\.withoutPeer).contains(self.address.withoutPeer), "\(known)")
        // Records of RSA hosts have a key without its type, which is 0: not the one form that a key has.
        #expect((known.signedRecord == nil) == (connection.publicKey.message.type == .rsa))
        // It writes tcp whatever the transport is, so that only address and port can be right.
        let port = try connection.localAddress.networkAddress().port
        #expect(known.observedAddress?.description == "/ip4/127.0.0.1/tcp/\(port)")
    }

    /// Both ways on one stream. A length that is prime shows what is out of place.
    private func large(_ connection: LibP2PConnection) async throws {
        var random = SplitMix64(seed: 20_261_121)
        let block = (0..<65_521).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        var bytes: [UInt8] = []
        while bytes.count < PyLibP2PTests.largeCount { bytes += block }
        let sent = Array(bytes.prefix(PyLibP2PTests.largeCount))
        let stream = try await connection.openStream(HostScene.echo)
        async let writing: Void = {
            try await stream.write(sent)
            try await stream.closeWrite()
        }()
        let answer = try await stream.readToEnd(limit: PyLibP2PTests.largeCount)
        try await writing
        #expect(answer == sent)
    }

    private func streams(_ connection: LibP2PConnection) async throws {
        var streams: [LibP2PStream] = []
        for _ in 0..<PyLibP2PTests.streamCount { streams.append(try await connection.openStream(HostScene.echo)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask {
                    let text = Array("stream \(index)".utf8)
                    try await stream.write(text)
                    #expect(try await stream.readExactly(text.count) == text)
                }
            }
            try await group.waitForAll()
        }
        #expect(self.host.usage.streams.outbound >= PyLibP2PTests.streamCount)
        for stream in streams { await stream.close() }
        for stream in streams { #expect(try await stream.read() == nil) }
    }

    private func finish(_ connection: LibP2PConnection) async throws {
        let stream = try await connection.openStream(InteropProtocols.finish)
        #expect(try await stream.readToEnd(limit: 100) == Array("bye".utf8))
    }

    private func reset(_ connection: LibP2PConnection) async throws {
        let stream = try await connection.openStream(InteropProtocols.reset)
        try await stream.write(InteropProtocols.bytes(StreamCode.protocolViolation.rawValue))
        let error = await #expect(throws: LibP2PError.self) { while try await stream.read() != nil {} }
        #expect(error?.code == .streamReset)
        #expect(error?.applicationCode == StreamCode.protocolViolation.rawValue)
    }

    private func watch(_ connection: LibP2PConnection) async throws {
        let stream = try await connection.openStream(InteropProtocols.watch)
        #expect(try await stream.readExactly(1) == Array("!".utf8))
        stream.reset(.supplanted)
        let seen = try await connection.openStream(InteropProtocols.seen)
        #expect(try await seen.readToEnd(limit: 100) == Array("\(StreamCode.supplanted.rawValue)".utf8))
    }

    /// No part of the library asks for a list, so that it is done by hand.
    private func list(_ connection: LibP2PConnection) async throws {
        let stream = try await connection.base.openStream()
        try await stream.write(Multistream.header + Multistream.message(Multistream.listText))
        var reader = MultistreamReader()
        var texts: [[UInt8]] = []
        while texts.count < 2 {
            if let text = try reader.next() {
                texts.append(text)
            } else {
                reader.append(try #require(try await stream.read(maximum: 4_096)))
            }
        }
        #expect(texts[0] == Multistream.headerText)
        let names = String(decoding: texts[1], as: UTF8.self).split(separator: "\n")
        #expect(names.contains("/echo/1.0.0") && names.contains("/hangup/1.0.0"), "\(names)")
        stream.reset(code: .none)
    }

    private func unknown(_ connection: LibP2PConnection) async throws {
        let lazy = try await connection.openStream("/nobody/1.0.0")
        var error = await #expect(throws: LibP2PError.self) { _ = try await lazy.read() }
        #expect(error?.code == .protocolNotSupported)
        error = await #expect(throws: LibP2PError.self) { _ = try await connection.openStream("/no/1", "/no/2") }
        #expect(error?.code == .protocolNotSupported)
        let second = try await connection.openStream("/nobody/1.0.0", HostScene.echo)
        #expect(second.protocolID == HostScene.echo)
        await second.close()
        try await HostScene.expectEcho(self.host, connection.peer, "still here")
    }

    private func hangup(_ connection: LibP2PConnection) async throws {
        let stream = try await connection.openStream(InteropProtocols.hangup)
        try await stream.write(InteropProtocols.bytes(ConnectionCode.garbageCollected.rawValue))
        let reason = await connection.closed()
        #expect(reason.code == .closed)
        #expect(reason.applicationCode == ConnectionCode.garbageCollected.rawValue)
        // Until the host has it out of its books, it would be used again.
        try await HostScene.until("the host forgets it") { !self.host.connections.contains(connection) }
    }
}
