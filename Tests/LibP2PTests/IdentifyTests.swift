internal import Testing

@testable internal import LibP2P

@Suite struct IdentifyTests {
    private let key: PrivateKey
    private let other: PrivateKey
    private static let far = "/ip4/8.8.8.8/udp/4001/quic-v1"

    init() throws {
        self.key = try PrivateKey(secret: [UInt8](repeating: 1, count: 32))
        self.other = try PrivateKey(secret: [UInt8](repeating: 2, count: 32))
    }

    private func message(
        _ addresses: [String] = [Self.far], to remote: String = Self.far, record: [UInt8]? = nil
    ) throws -> IdentifyMessage {
        .describing(
            self.key.publicKey, addresses: try addresses.map { try Multiaddress($0) }, protocols: ["/a", "/b"],
            agent: "tern", protocolVersion: "p/1", record: record, to: try Multiaddress(remote))
    }

    private func record(_ addresses: [String], sequence: UInt64, of key: PrivateKey) throws -> [UInt8] {
        try IdentifyMessage.signedRecord(
            of: key, addresses: addresses.map { try Multiaddress($0) }, sequence: sequence)
    }

    private func identified(
        _ message: IdentifyMessage, from remote: String = Self.far
    ) throws -> PeerIdentification {
        var identification = PeerIdentification(of: AuthenticatedPeer(self.key.publicKey))
        try identification.update(message, from: try Multiaddress(remote))
        return identification
    }

    // MARK: What is believed

    @Test("What a peer says of itself arrives")
    func everything() throws {
        let found = try self.identified(try self.message())
        #expect(found.peer == self.key.peerID)
        #expect(found.protocols == ["/a", "/b"])
        #expect(found.addresses.map(\.description) == [Self.far])
        #expect(found.observedAddress?.description == Self.far)
        #expect(found.agentVersion == "tern")
        #expect(found.protocolVersion == "p/1")
        #expect(found.signedRecord == nil)
    }

    @Test("A peer that claims another key than it has proven is refused, and nothing of it is taken over")
    func wrongKey() throws {
        for claimed in [self.other.publicKey.message.encoded, [1, 2, 3], []] {
            var message = try self.message()
            message.publicKey = claimed
            var identification = PeerIdentification(of: AuthenticatedPeer(self.key.publicKey))
            let before = identification
            let error = #expect(throws: LibP2PError.self) {
                try identification.update(message, from: try Multiaddress(Self.far))
            }
            #expect(error?.code == .wrongPeer)
            #expect(identification == before)
        }
    }

    @Test("What a push does not mention stays as it was")
    func push() throws {
        var found = try self.identified(try self.message())
        let before = found
        try found.update(IdentifyMessage(), from: try Multiaddress(Self.far))
        #expect(found == before)
        try found.update(.protocols(["/c", "/c"]), from: try Multiaddress(Self.far))
        #expect(found.protocols == ["/c"])
        #expect(found.addresses == before.addresses)
        #expect(found.agentVersion == "tern")
    }

    private static let all = [
        "/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/192.168.1.2/udp/1/quic-v1", "/ip4/9.9.9.9/udp/1/quic-v1",
        "/dns4/example.org/udp/1/quic-v1", "/ip4/0.0.0.0/udp/1/quic-v1", "/ip6/2600::1/udp/1/quic-v1",
    ]
    private static let views: [(String, [Int])] = [
        ("/ip4/8.8.8.8/udp/4001/quic-v1", [2, 3, 5]), ("/ip4/10.0.0.1/udp/4001/quic-v1", [1, 2, 3, 5]),
        ("/ip4/127.0.0.1/udp/4001/quic-v1", [0, 1, 2, 3, 5]),
    ]

    @Test("Addresses of networks that the peer is not in are left out", arguments: views)
    func addressFilter(remote: String, kept: [Int]) throws {
        var message = try self.message(Self.all, to: "/ip4/127.0.0.1/udp/1/quic-v1")
        #expect(message.listenAddresses.count == Self.all.count)
        message.listenAddresses.append([0xFF, 0xFF])
        let found = try self.identified(message, from: remote)
        #expect(found.addresses.map(\.description) == kept.map { Self.all[$0] })
    }

    @Test("An address of another peer is left out, the peer's own id at the end makes no difference")
    func idsInAddresses() throws {
        let found = try self.identified(
            try self.message([
                "\(Self.far)/p2p/\(self.key.peerID)", Self.far, "\(Self.far)/p2p/\(self.other.peerID)",
                "\(Self.far)/p2p/\(self.other.peerID)/p2p-circuit",
                "\(Self.far)/p2p/\(self.other.peerID)/p2p-circuit/p2p/\(self.other.peerID)",
            ]))
        #expect(found.addresses.map(\.description) == [Self.far, "\(Self.far)/p2p/\(self.other.peerID)/p2p-circuit"])
    }

    @Test("Loopback addresses are told to nobody but this host, and each peer is told where it is seen")
    func ownMessage() throws {
        let addresses = ["/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/192.168.1.2/udp/1/quic-v1"]
        let remote = "/ip4/192.168.1.9/udp/7/quic-v1"
        let message = try self.message(addresses, to: "\(remote)/p2p/\(self.other.peerID)")
        #expect(message.listenAddresses == [try Multiaddress(addresses[1]).bytes])
        #expect(message.observedAddress == (try Multiaddress(remote)).bytes)
    }

    // MARK: Signed records

    @Test("The addresses of a signed record go before the others, and the record can be passed on")
    func signedRecord() throws {
        let signed = "/ip4/9.9.9.9/udp/1/quic-v1"
        let record = try self.record([signed], sequence: 7, of: self.key)
        let found = try self.identified(try self.message(record: record))
        #expect(found.addresses.map(\.description) == [signed])
        #expect(found.signedRecord == record)
        #expect(found.signedRecordSequence == 7)
    }

    @Test("A record that is another peer's, changed, or no record at all is ignored")
    func badRecords() throws {
        var changed = try SignedEnvelope(decoding: try self.record([], sequence: 1, of: self.key))
        changed = SignedEnvelope(
            publicKey: changed.publicKey, payloadType: changed.payloadType, payload: changed.payload + [0x10, 9],
            signature: changed.signature)
        let stolen = try SignedEnvelope(
            sealing: PeerRecord(peerID: self.other.peerID, sequence: 1, addresses: []), with: self.key)
        let voucher = try SignedEnvelope(
            sealing: ReservationVoucher(relay: self.key.peerID, peer: self.key.peerID, expiration: 1), with: self.key)
        let bad = [
            try self.record([], sequence: 1, of: self.other), changed.encoded, stolen.encoded, voucher.encoded, [1, 2],
        ]
        for record in bad {
            let found = try self.identified(try self.message(record: record))
            #expect(found.signedRecord == nil)
            #expect(found.addresses.map(\.description) == [Self.far])
        }
    }

    @Test("An older record does not replace a newer one")
    func sequence() throws {
        let (new, old) = ("/ip4/9.9.9.9/udp/1/quic-v1", "/ip4/9.9.9.8/udp/1/quic-v1")
        var found = try self.identified(
            try self.message(record: try self.record([new], sequence: 7, of: self.key)))
        let message = try self.message([], record: try self.record([old], sequence: 6, of: self.key))
        try found.update(message, from: try Multiaddress(Self.far))
        #expect(found.addresses.map(\.description) == [new])
        #expect(found.signedRecordSequence == 7)
    }

    @Test("An envelope opens for what it was sealed as, with any type of key, and for nothing else")
    func envelopes() throws {
        for type in [PublicKeyMessage.KeyType.ed25519, .ecdsa, .secp256k1] {
            let key = try PrivateKey.generate(type)
            let record = PeerRecord(peerID: key.peerID, sequence: 3, addresses: [[1]])
            let envelope = try SignedEnvelope(decoding: try SignedEnvelope(sealing: record, with: key).encoded)
            let (opened, signer) = try envelope.open(as: PeerRecord.self)
            #expect(opened == record)
            #expect(signer == key.publicKey)
            #expect(throws: LibP2PError.self) { try envelope.open(as: ReservationVoucher.self) }
        }
        // The same bytes, signed for another purpose.
        let payload = PeerRecord(peerID: self.key.peerID, sequence: 3, addresses: []).encoded
        let signature = try self.key.sign(
            SignedEnvelope.signedBytes(domain: "else", payloadType: PeerRecord.payloadType, payload: payload))
        let envelope = SignedEnvelope(
            publicKey: self.key.publicKey.message, payloadType: PeerRecord.payloadType, payload: payload,
            signature: signature)
        let error = #expect(throws: LibP2PError.self) { try envelope.open(as: PeerRecord.self) }
        #expect(error?.code == .wrongPeer)
    }

    // MARK: On streams

    /// Two ends: one of the peer with `key`, and ours, of `other`.
    private func pair(
        _ name: ProtocolID = Identify.protocolID, seed: UInt64 = 1
    ) -> (near: LibP2PStream, far: LibP2PStream, pipe: PipeStream) {
        let (near, far) = PipeStream.pair(seed: seed)
        return (
            LibP2PStream(NegotiatedStream(protocolID: name, base: near), peer: self.key.peerID),
            LibP2PStream(NegotiatedStream(protocolID: name, base: far), peer: self.other.peerID), near
        )
    }

    /// Our stream, and the pipe at its other end.
    private func halfPair() -> (LibP2PStream, PipeStream) {
        let (near, far) = PipeStream.pair(seed: 1)
        let stream = NegotiatedStream(protocolID: Identify.protocolID, base: near)
        return (LibP2PStream(stream, peer: self.key.peerID), far)
    }

    @Test("Asking a peer gives what it serves, however it is cut", arguments: 1...6)
    func asking(seed: Int) async throws {
        let (near, far, _) = self.pair(seed: UInt64(seed))
        let message = try self.message()
        let heard = Heard()
        let service = IdentifyService(
            message: { _ throws(LibP2PError) in message },
            heard: { stream, message throws(LibP2PError) in heard.add(stream.peer, message) })
        async let serving: Void = service.serve(far)
        try await service.ask(on: near)
        try await serving
        #expect(heard.all.map(\.0) == [self.key.peerID])
        #expect(heard.all.map(\.1) == [message])
    }

    @Test("What does not fit one message arrives in parts")
    func parts() async throws {
        let (near, far, pipe) = self.pair()
        var message = try self.message()
        message.protocols = (0..<900).map { ProtocolID("/protocol/\($0)/1.0.0") }
        let sent = message
        async let sending: Void = Identify.send(sent, on: far)
        #expect(try await Identify.receive(on: near) == message)
        try await sending
        #expect(pipe.incoming.history.count > 3 * Identify.maximumSentByteCount)
    }

    private static let hostile: [(String, [UInt8], LibP2PError.Code)] = [
        ("nothing", [], .truncated), ("1 GiB", [0x80, 0x80, 0x80, 0x80, 0x04], .tooLong),
        ("8,193 bytes", [0x81, 0x40], .tooLong), ("eleven parts", [UInt8](repeating: 0, count: 11), .tooLong),
        ("half a message", [2, 0x0A], .truncated), ("nonsense", [2, 0x08, 0x01], .malformed),
    ]

    @Test("What is no identify message is refused", arguments: hostile)
    func hostileMessages(what: String, bytes: [UInt8], code: LibP2PError.Code) async throws {
        let (stream, pipe) = self.halfPair()
        try await pipe.write(bytes)
        try pipe.finish()
        #expect(await failure { _ = try await Identify.receive(on: stream) }?.code == code, "\(what)")
    }

    @Test("A peer that never comes to the end is given up after five seconds")
    func deadline() async throws {
        let time = ManualTime()
        let (stream, pipe) = self.halfPair()
        async let result = failure { _ = try await Identify.receive(on: stream, time: time.source) }
        try await time.sleepers()
        try await pipe.write([0])
        time.advance(by: .seconds(5))
        #expect(await result?.code == .timedOut)
    }

    @Test("News reach 100 peers, 32 at a time at most, and those that do not listen keep nobody waiting")
    func pushToMany() async throws {
        let message = try self.message()
        let (heard, crowd) = (Heard(), Crowd())
        let service = IdentifyService(
            message: { _ throws(LibP2PError) in message },
            heard: { stream, message throws(LibP2PError) in heard.add(stream.peer, message) })
        let (requests, requestor) = AsyncStream.makeStream(of: LibP2PStream.self)
        let serving = Task { for await far in requests { try await service.servePush(far) } }
        await service.push(to: Array(0..<100 as Range<UInt8>)) { [key] number throws(LibP2PError) in
            try await crowd.visit(gathering: 32)
            guard number % 5 != 0 else { throw LibP2PError(.protocolNotSupported, "no") }
            let (near, far) = PipeStream.pair(seed: UInt64(number))
            let name = Identify.pushProtocolID
            requestor.yield(
                LibP2PStream(NegotiatedStream(protocolID: name, base: far), peer: TestPeers.peer(number)))
            return LibP2PStream(NegotiatedStream(protocolID: name, base: near), peer: key.peerID)
        }
        requestor.finish()
        try await serving.value
        #expect(crowd.most == 32)
        #expect(Set(heard.all.map(\.0)).count == 80)
        #expect(heard.all.allSatisfy { $0.1 == message })
    }

    @Test("More than two pushes of one peer at once are refused")
    func pushLimit() async throws {
        let service = IdentifyService(
            message: { _ throws(LibP2PError) in IdentifyMessage() }, heard: { _, _ throws(LibP2PError) in })
        let pairs = (0..<3).map { _ in self.pair(Identify.pushProtocolID) }
        let serving = pairs.prefix(2).map { pair in Task { try await service.servePush(pair.far) } }
        for pair in pairs.prefix(2) {
            try await pair.pipe.write([0])
            try await pair.pipe.outgoing.when { $0.bytes.isEmpty }
        }
        let error = await failure { try await service.servePush(pairs[2].far) }
        #expect(error?.limit == "identify push streams per peer")
        for pair in pairs.prefix(2) { try pair.pipe.finish() }
        for task in serving { try await task.value }
    }
}
