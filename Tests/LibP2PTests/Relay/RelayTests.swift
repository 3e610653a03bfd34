internal import Testing

@testable internal import LibP2P

/// Alice and Bob, who meet through Rita.
@Suite struct RelayTests {
    private static let now: Int64 = 1_800_000_000

    private let alice: FakeHost
    private let bob: FakeHost
    private let rita: FakeHost
    private let server: RelayServer
    private let time = ManualTime()
    private let clients: (alice: RelayClient, bob: RelayClient)

    init() throws {
        self.alice = try FakeHost(at: "/ip4/10.0.1.2/udp/4001/quic-v1")
        self.bob = try FakeHost(at: "/ip4/10.0.2.2/udp/4001/quic-v1")
        self.rita = try FakeHost(at: "/ip4/9.9.9.9/udp/4001/quic-v1")
        self.server = RelayServer(time: self.time.source, secondsSince1970: { Self.now })
        self.clients = (
            RelayClient(identity: self.alice.identity, time: self.time.source, secondsSince1970: { Self.now }),
            RelayClient(identity: self.bob.identity, time: self.time.source, secondsSince1970: { Self.now })
        )
        FakeHost.join(self.alice, self.rita)
        FakeHost.join(self.bob, self.rita)
        self.rita.relay(self.server)
        self.bob.accept(self.clients.bob)
    }

    private var bobThroughRita: Multiaddress {
        .relayed(through: self.rita.address.appending(self.rita.peerID), to: self.bob.peerID)
    }

    private func reserve() async throws -> RelayPlace {
        try await self.clients.bob.reserve(at: self.rita.peerID, address: self.rita.address, on: self.bob)
    }

    /// What Rita answers to a message of Alice's.
    private func answer(to bytes: [UInt8], isRelayed: Bool = false) async throws -> HopMessage {
        let stream = self.rita.serve(RelayProtocol.hop, from: self.alice, isRelayed: isRelayed) {
            [server, rita] stream, info in try await server.serve(stream, over: info, on: rita)
        }
        try await stream.write(bytes)
        return try HopMessage(decoding: try #require(try await stream.readMessage(limit: 4_096)))
    }

    private static func framed(_ message: HopMessage) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(countOf: message.encoded, to: &bytes)
        return bytes + message.encoded
    }

    @Test("A peer with a place is reached, each end knows the other, and streams go both ways")
    func meet() async throws {
        let place = try await self.reserve()
        #expect(place.addresses == [self.bobThroughRita])
        #expect(place.duration == .seconds(3_600))
        let there = try await self.clients.alice.dial(self.bobThroughRita, on: self.alice)
        let here = try await self.bob.relayed()
        #expect(there.peer.id == self.bob.peerID && there.info.direction == .outbound && there.info.isRelayed)
        #expect(here.peer.id == self.alice.peerID && here.info.direction == .inbound && here.info.isRelayed)
        #expect(there.limit == RelayLimit(duration: 120, data: 131_072) && here.limit == there.limit)
        for (one, other) in [(there.base, here.base), (here.base, there.base)] {
            let stream = try await one.openStream()
            try await stream.write([1, 2, 3])
            try stream.finish()
            #expect(try await other.acceptStream().readAll() == [1, 2, 3])
        }
        #expect(self.server.usage == (1, 1))
        there.base.close(code: .garbageCollected, reason: "")
        #expect(await here.base.closed().applicationCode == ConnectionCode.garbageCollected.rawValue)
    }

    @Test("A peer without a place is not reached, nor one whose place has ended or who has left")
    func noPlace() async throws {
        await self.expectRefusal(.noReservation)
        _ = try await self.reserve()
        self.server.forget(self.bob.peerID)
        await self.expectRefusal(.noReservation)
        _ = try await self.reserve()
        self.time.advance(by: .seconds(3_600))
        await self.expectRefusal(.noReservation)
        #expect(self.server.usage.circuits == 0)
    }

    private func expectRefusal(_ status: RelayStatus) async {
        let error = await failure { _ = try await self.clients.alice.dial(self.bobThroughRita, on: self.alice) }
        #expect(error?.code == .unreachable && error?.applicationCode == status.rawValue)
    }

    @Test("A peer that takes connections only from its own relays is not reached through another one")
    func unknownRelay() async throws {
        _ = try await self.reserve()
        self.clients.bob.forget(self.rita.peerID)
        await self.expectRefusal(.connectionFailed)
        #expect(self.server.usage.circuits == 0)
    }

    @Test("A relay does not connect to itself, nor a peer to itself, nor for those who are relayed themselves")
    func forbidden() async throws {
        _ = try await self.reserve()
        let toBob = HopMessage(.connect, peer: RelayPeer(id: self.bob.peerID))
        let toRita = HopMessage(.connect, peer: RelayPeer(id: self.rita.peerID))
        let toAlice = HopMessage(.connect, peer: RelayPeer(id: self.alice.peerID))
        for message in [toRita, toAlice] {
            #expect(try await self.answer(to: Self.framed(message)).status == .permissionDenied)
        }
        for message in [toBob, HopMessage(.reserve)] {
            #expect(try await self.answer(to: Self.framed(message), isRelayed: true).status == .permissionDenied)
        }
    }

    @Test("What makes no sense is answered with the status that says so")
    func nonsense() async throws {
        let malformed: [[UInt8]] = [
            [1, 8], [2, 8, 9], [0], [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x81, 0x80, 0x00],
            Self.framed(HopMessage(.connect)),
        ]
        for bytes in malformed { #expect(try await self.answer(to: bytes).status == .malformedMessage, "\(bytes)") }
        let unexpected = Self.framed(HopMessage(.status, status: .ok))
        #expect(try await self.answer(to: unexpected).status == .unexpectedMessage)
    }

    @Test("A voucher of another relay, one for another peer, and a place that has ended are not taken")
    func badPlaces() async throws {
        let (rita, bob) = (self.rita, self.bob)
        let end = UInt64(Self.now) + 60
        let table: [(signer: PrivateKey, relay: PeerID, peer: PeerID, end: UInt64, code: LibP2PError.Code?)] = [
            (rita.key, rita.peerID, bob.peerID, end, nil),
            (bob.key, rita.peerID, bob.peerID, end, .wrongPeer),
            (rita.key, bob.peerID, bob.peerID, end, .wrongPeer),
            (rita.key, rita.peerID, rita.peerID, end, .wrongPeer),
            (rita.key, rita.peerID, bob.peerID, UInt64(Self.now), .protocolViolation),
            (rita.key, rita.peerID, bob.peerID, .max, nil),
        ]
        for row in table {
            let voucher = ReservationVoucher(relay: row.relay, peer: row.peer, expiration: row.end)
            let envelope = try SignedEnvelope(sealing: voucher, with: row.signer)
            let reservation = RelayReservation(expiration: row.end, voucher: envelope.encoded)
            rita.handle(RelayProtocol.hop) { stream, _ in
                try await stream.writeMessage(
                    HopMessage(.status, reservation: reservation, status: .ok).encoded)
            }
            #expect(await failure { _ = try await self.reserve() }?.code == row.code)
        }
    }

    @Test("A place is asked for again before it ends and when it is lost, and given up with the task")
    func hold() async throws {
        let changes = Signal(0)
        let holding = Task {
            await self.clients.bob.hold(at: self.rita.peerID, address: self.rita.address, on: self.bob) { error in
                if error == nil { changes.update { $0 += 1 } }
            }
        }
        try await changes.wait { $0 == 1 ? () : nil }
        #expect(self.clients.bob.addresses == [self.bobThroughRita])
        try await self.time.sleepers(until: .seconds(3_300))
        self.time.advance(by: .seconds(3_300))
        try await changes.wait { $0 == 2 ? () : nil }
        self.clients.bob.forget(self.rita.peerID)
        try await changes.wait { $0 == 3 ? () : nil }
        #expect(self.bob.opened.count == 3)
        holding.cancel()
        await holding.value
        #expect(self.clients.bob.addresses.isEmpty)
    }

    @Test("A relay that refuses is asked again after 5, 10 and 20 seconds")
    func retries() async throws {
        self.rita.handle(RelayProtocol.hop) { stream, _ in
            try await stream.writeMessage(HopMessage(.status, status: .reservationRefused).encoded)
        }
        let errors = Signal<[LibP2PError?]>([])
        let holding = Task {
            await self.clients.bob.hold(at: self.rita.peerID, address: self.rita.address, on: self.bob) { error in
                errors.update { $0.append(error) }
            }
        }
        for (count, seconds) in [(1, 5), (2, 10), (3, 20)] {
            try await errors.wait { $0.count == count ? () : nil }
            try await self.time.sleepers(until: .seconds(seconds))
            self.time.advance(by: .seconds(seconds))
        }
        holding.cancel()
        await holding.value
        #expect(errors.withLock { $0.first??.applicationCode } == RelayStatus.reservationRefused.rawValue)
    }
}
