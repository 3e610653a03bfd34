import CNGTCP2
import QUICEngine
import QUICTestSupport
import Testing

@Suite("A peer that has the keys and means harm")
struct HostilePeerTests {
    /// RFC 9000 §19.15, with an ID and a token made of `filler`.
    private func newConnectionID(_ number: UInt8, retirePriorTo: UInt8, filler: UInt8) -> [UInt8] {
        [0x18, number, retirePriorTo, 8] + [UInt8](repeating: filler, count: 24)
    }

    /// A confirmed connection whose server can be sent forged packets of the client.
    private func victim() throws -> (Scenario, SimulatedConnection, SimulatedConnection, PacketForge) {
        let scenario = Scenario()
        scenario.clientTLS.logsKeys = true
        scenario.clientTLS.cryptography.ciphers = [.aes128GCM]
        scenario.clientConfiguration.versions = [.version1]
        scenario.serverConfiguration { $0.versions = [.version1] }
        let (client, server) = try scenario.connect()
        let secret = try #require(PacketForge.secret("CLIENT_TRAFFIC_SECRET_0", in: client.events))
        return (scenario, client, server, PacketForge(secret: secret))
    }

    private func inject(_ packet: [UInt8], _ scenario: Scenario) {
        let path = NetworkPath(local: scenario.client.address, remote: scenario.server.address)
        scenario.simulation.network.send(packet, path: path)
    }

    @Test("a forged packet is read: PING is answered by an acknowledgement")
    func forgeWorks() throws {
        var (scenario, client, server, forge) = try self.victim()
        let before = try #require(server.engine?.statistics.datagramsSent)
        let id = try #require(client.engine?.peerConnectionID)
        self.inject(forge.packet(to: id, frames: [0x01, 0x01]), scenario)
        scenario.run(.milliseconds(200))
        #expect(try #require(server.engine?.statistics.datagramsSent) > before)
        #expect(server.closeReason == nil)
        // The client hears an acknowledgement of a packet that it did not send, and may close: nothing else may happen.
        scenario.expectNothingLeft()
    }

    /// A KeyUpdate, the beginnings of a NewSessionTicket and of a ClientHello: none is for a client to send now.
    @Test(
        "a message of TLS after the handshake ends the connection",
        arguments: [[24, 0, 0, 1, 0], [4, 0, 0, 9], [1, 0]])
    func messageAfterHandshake(message: [UInt8]) throws {
        var (scenario, client, server, forge) = try self.victim()
        let id = try #require(client.engine?.peerConnectionID)
        let offset: [UInt8] = [0x06, 0x00, UInt8(message.count)]
        self.inject(forge.packet(to: id, frames: offset + message), scenario)
        scenario.run(.milliseconds(200))
        #expect(server.closeReason?.closedBy == .local)
        #expect(server.closeReason?.tlsAlert == TLSAlert(10))
        scenario.expectNothingLeft()
    }

    @Test("repeating NEW_CONNECTION_ID for a number that is being retired does not bring the process down")
    func repeatedConnectionID() throws {
        var (scenario, client, server, forge) = try self.victim()
        let frames =
            self.newConnectionID(10, retirePriorTo: 10, filler: 0xa0)
            + self.newConnectionID(5, retirePriorTo: 0, filler: 0xb0)
            + self.newConnectionID(5, retirePriorTo: 0, filler: 0xb0)
        let id = try #require(client.engine?.peerConnectionID)
        // Everything but the forged packets is cut off, so that the server alone is looked at.
        scenario.simulation.network.filter = { _, path, _ in path.local == scenario.server.address ? .drop : .deliver }
        self.inject(forge.packet(to: id, frames: frames), scenario)
        self.inject(forge.packet(to: id, frames: frames + frames), scenario)
        scenario.run(.milliseconds(100))
        #expect(server.closeReason == nil)
        #expect(server.phase == .confirmed)
        // It still reads: a stream's bytes arrive. Type 0x0a: length given; stream 0, four bytes.
        self.inject(forge.packet(to: id, frames: [0x0a, 0x00, 0x04] + Array("tern".utf8)), scenario)
        scenario.run(.milliseconds(100))
        #expect(server.received[StreamID(0)] == Array("tern".utf8))
        scenario.expectNothingLeft()
    }

    @Test(
        "floods of NEW_CONNECTION_ID with every number and retirement end in a close at worst",
        arguments: [UInt64](1...8))
    func connectionIDFlood(seed: UInt64) throws {
        var (scenario, client, server, forge) = try self.victim()
        var random = SeededRandomness(seed: seed)
        let id = try #require(client.engine?.peerConnectionID)
        scenario.simulation.network.filter = { _, path, _ in path.local == scenario.server.address ? .drop : .deliver }
        for _ in 0..<200 {
            var frames: [UInt8] = []
            for _ in 0..<10 {
                let number = UInt8.random(in: 0...63, using: &random)
                frames += self.newConnectionID(
                    number, retirePriorTo: UInt8.random(in: 0...number, using: &random), filler: number)
            }
            self.inject(forge.packet(to: id, frames: frames), scenario)
            scenario.run(.milliseconds(1))
        }
        #expect(server.closeReason?.closedBy != .peer)
        scenario.expectNothingLeft()
    }

    @Test("random frames inside valid packets never do more than close the connection", arguments: [UInt64](1...16))
    func randomFrames(seed: UInt64) throws {
        var random = SeededRandomness(seed: seed)
        for _ in 0..<8 {
            var (scenario, client, _, forge) = try self.victim()
            let id = try #require(client.engine?.peerConnectionID)
            scenario.simulation.network.filter = { _, path, _ in
                path.local == scenario.server.address ? .drop : .deliver
            }
            for _ in 0..<20 {
                let type = UInt8.random(in: 0...0x32, using: &random)
                let body = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                self.inject(forge.packet(to: id, frames: [type] + body), scenario)
                scenario.run(.milliseconds(1))
            }
            scenario.expectNothingLeft()
        }
    }
}

@Suite("Watching decrypted frames")
struct FrameWatchTests {
    private static func watch(_ payload: [UInt8], seen: inout tern_seen_numbers, hasPreferredAddress: Bool = false) -> (
        [UInt8], [UInt64]
    ) {
        final class Observed { var values: [UInt64] = [] }
        let observed = Observed()
        var payload = payload
        withExtendedLifetime(observed) {
            tern_watch_frames(
                &payload, payload.count, &seen, hasPreferredAddress ? 1 : 0,
                { owner, stream, code in
                    guard let owner else { return }
                    Unmanaged<Observed>.fromOpaque(owner).takeUnretainedValue().values += [UInt64(stream), code]
                }, Unmanaged.passUnretained(observed).toOpaque())
        }
        return (payload, observed.values)
    }

    private static func frame(_ number: UInt8) -> [UInt8] { [0x18, number, 0, 8] + [UInt8](repeating: 7, count: 24) }

    @Test("STOP_SENDING is found behind every other kind of frame")
    func findsStopSending() {
        let others: [[UInt8]] = [
            [0x00], [0x01], [0x02, 5, 0, 1, 2, 0, 1], [0x03, 5, 0, 0, 2, 1, 2, 3], [0x04, 4, 9, 10],
            [0x06, 0, 2, 1, 1],
            [0x07, 2, 5, 5], [0x0a, 4, 2, 1, 1], [0x0f, 4, 0x40, 9, 1, 1], [0x10, 5], [0x11, 4, 9], [0x12, 1],
            [0x13, 1],
            [0x14, 1], [0x15, 4, 9], [0x16, 1], [0x17, 1], Self.frame(1), [0x19, 1], [0x1a, 1, 2, 3, 4, 5, 6, 7, 8],
            [0x1b, 1, 2, 3, 4, 5, 6, 7, 8], [0x1c, 1, 2, 1, 65], [0x1d, 1, 1, 65], [0x1e], [0x31, 2, 1, 1],
        ]
        for other in others {
            var seen = tern_seen_numbers()
            #expect(Self.watch(other + [0x05, 8, 0x40, 77], seen: &seen).1 == [8, 77], "behind \(other)")
        }
    }

    @Test(
        "nothing is read behind a frame that goes to the end, is unknown, or is cut short",
        arguments: [
            [0x08, 4, 1, 2], [0x30, 1, 2], [0x21], [0x06, 0, 0x7f], [0x02, 5, 0, 0x3f], [0x18, 1, 0, 8, 1],
            [0x05, 0x80],
        ] as [[UInt8]])
    func stops(payload: [UInt8]) {
        var seen = tern_seen_numbers()
        let (after, observed) = Self.watch(payload, seen: &seen)
        #expect(after == payload)
        #expect(observed == [])
    }

    @Test("the first NEW_CONNECTION_ID of a number passes, a second becomes PING and PADDING")
    func blotsOut() {
        var seen = tern_seen_numbers()
        let (first, _) = Self.watch(Self.frame(3), seen: &seen)
        #expect(first == Self.frame(3))
        let (second, _) = Self.watch([0x01] + Self.frame(3) + Self.frame(4), seen: &seen)
        #expect(second == [0x01, 0x01] + [UInt8](repeating: 0, count: Self.frame(3).count - 1) + Self.frame(4))
    }

    @Test("number 0 is always known, and number 1 where the server named a preferred address")
    func knownNumbers() {
        var seen = tern_seen_numbers()
        #expect(Self.watch(Self.frame(0), seen: &seen).0 != Self.frame(0))
        #expect(Self.watch(Self.frame(1), seen: &seen, hasPreferredAddress: true).0 != Self.frame(1))
        #expect(Self.watch(Self.frame(2), seen: &seen).0 == Self.frame(2))
    }

    @Test("numbers in any order are told apart, like a set would", arguments: [UInt64](1...20))
    func matchesModel(seed: UInt64) {
        var random = SeededRandomness(seed: seed)
        var seen = tern_seen_numbers()
        var model: Set<UInt64> = [0]
        for number in (1...60).map(UInt64.init).shuffled(using: &random)
            + (0...60).map(UInt64.init).shuffled(using: &random)
        {
            #expect(
                (tern_seen_insert(&seen, number) == 1) == model.insert(number).inserted,
                "seed \(seed), number \(number)")
        }
        #expect(seen.floor == 60)
        #expect(seen.count == 0)
    }

    @Test("a peer that leaves more than sixty-four gaps loses only its oldest numbers")
    func overflows() {
        var seen = tern_seen_numbers()
        for number in stride(from: UInt64(2), through: 400, by: 2) { #expect(tern_seen_insert(&seen, number) == 1) }
        #expect(tern_seen_insert(&seen, 400) == 0)
        #expect(tern_seen_insert(&seen, 399) == 1)
        #expect(tern_seen_insert(&seen, 3) == 0)
        #expect(seen.count <= 64)
    }
}
