internal import Testing

@testable internal import LibP2P

@Suite struct MessageTests {
    private static let address = [UInt8](hex: "047f000001910210e1cd03")
    private static let relayPeer = RelayPeer(id: TestPeers.one, addresses: [Self.address])
    private static let idHex = "0024080112200101010101010101010101010101010101010101010101010101010101010101"

    private func expectRoundTrip<Message: ProtobufMessage>(_ message: Message, _ hex: String? = nil) throws {
        #expect(try Message(decoding: message.encoded) == message)
        if let hex { #expect(message.encoded.hex == hex.filter { $0 != " " }) }
        // What a later version of the message may add changes nothing.
        #expect(try Message(decoding: message.encoded + [UInt8](hex: "f83f01 fa3f0101")) == message)
        for count in 1..<message.encoded.count {
            // Never a trap; some beginnings are whole messages.
            _ = try? Message(decoding: Array(message.encoded.prefix(count)))
        }
    }

    @Test("What is asked of a relay has known bytes")
    func hop() throws {
        try self.expectRoundTrip(HopMessage(.reserve), "0800")
        try self.expectRoundTrip(
            HopMessage(.connect, peer: RelayPeer(id: TestPeers.one)), "0801 1228 0a26 \(Self.idHex)")
        try self.expectRoundTrip(
            HopMessage(
                .status, reservation: RelayReservation(expiration: 1_700_000_000, addresses: [Self.address]),
                limit: RelayLimit(duration: 120, data: 131_072), status: .ok),
            "0802 1a13 0880e2cfaa06 120b047f000001910210e1cd03 2206 0878 10808008 2864")
    }

    @Test("What a relay tells the peer behind it has known bytes")
    func stop() throws {
        try self.expectRoundTrip(StopMessage(.status, status: .connectionFailed), "0801 20cb01")
        try self.expectRoundTrip(
            StopMessage(.connect, peer: Self.relayPeer, limit: RelayLimit(duration: nil, data: nil)),
            "0800 1235 0a26 \(Self.idHex) 120b047f000001910210e1cd03 1a00")
    }

    @Test("Every status has its number, and unknown ones are kept")
    func statuses() throws {
        let known: [(RelayStatus, UInt64)] = [
            (.unused, 0), (.ok, 100), (.reservationRefused, 200), (.resourceLimitExceeded, 201),
            (.permissionDenied, 202), (.connectionFailed, 203), (.noReservation, 204), (.malformedMessage, 400),
            (.unexpectedMessage, 401),
        ]
        for (status, number) in known { #expect(status.rawValue == number) }
        try self.expectRoundTrip(StopMessage(.status, status: RelayStatus(rawValue: 9_999)))
    }

    @Test("Vouchers, records, envelopes and punches come back, and have known bytes")
    func others() throws {
        try self.expectRoundTrip(
            ReservationVoucher(relay: TestPeers.one, peer: TestPeers.one, expiration: 5),
            "0a26 \(Self.idHex) 1226 \(Self.idHex) 1805")
        try self.expectRoundTrip(
            PeerRecord(peerID: TestPeers.one, sequence: .max, addresses: [Self.address, Self.address]),
            "0a26 \(Self.idHex) 10ffffffffffffffffff01 1a0d0a0b047f000001910210e1cd03 1a0d0a0b047f000001910210e1cd03")
        try self.expectRoundTrip(HolePunchMessage(.connect, observedAddresses: [[1, 2]]), "0864 12020102")
        try self.expectRoundTrip(HolePunchMessage(.sync), "08ac02")
        let key = try PublicKeyMessage(type: .ed25519, key: [UInt8](repeating: 1, count: 32))
        try self.expectRoundTrip(
            SignedEnvelope(publicKey: key, payloadType: [3, 1], payload: [7], signature: [9]),
            "0a24 \(key.encoded.hex) 12020301 1a0107 2a0109")
    }

    @Test("A signature is over the lengths and the parts")
    func signedBytes() {
        let bytes = SignedEnvelope.signedBytes(domain: "ab", payloadType: [3, 1], payload: [7, 8, 9])
        #expect(bytes.hex == "02616202030103070809")
    }

    @Test("Identify has known bytes and comes back")
    func identify() throws {
        var message = IdentifyMessage()
        message.publicKey = [1]
        message.listenAddresses = [[2], [3]]
        message.protocols = ["/a"]
        message.observedAddress = [4]
        message.protocolVersion = "v"
        message.agentVersion = "w"
        message.signedPeerRecord = [5]
        try self.expectRoundTrip(message, "0a0101 220104 2a0176 320177 120102 120103 1a022f61 420105")
        #expect(message.parts() == [message.encoded])
    }

    private static let incomplete: [(String, any ProtobufMessage.Type, String)] = [
        ("hop without a type", HopMessage.self, "2864"), ("hop of type 3", HopMessage.self, "0803"),
        ("stop without a type", StopMessage.self, ""), ("stop of type 2", StopMessage.self, "0802"),
        ("punch of type 1", HolePunchMessage.self, "0801"), ("punch without a type", HolePunchMessage.self, "12020102"),
        ("peer without an id", RelayPeer.self, "12020102"), ("peer with a broken id", RelayPeer.self, "0a020102"),
        ("reservation without an end", RelayReservation.self, "12020102"),
        ("record without an id", PeerRecord.self, "1001"), ("voucher without a peer", ReservationVoucher.self, "1805"),
        ("envelope without a key", SignedEnvelope.self, "2a0109"),
        ("envelope without a signature", SignedEnvelope.self, "0a24 08011220" + String(repeating: "01", count: 32)),
        ("identify with a number for a key", IdentifyMessage.self, "0801"),
    ]

    @Test("Messages that say nothing, or nonsense, are refused", arguments: incomplete.indices)
    func refusals(index: Int) {
        let (what, type, hex) = Self.incomplete[index]
        #expect(throws: LibP2PError.self, "\(what)") { _ = try type.init(decoding: [UInt8](hex: hex)) }
    }

    @Test("Lists have an end: 256 addresses and 1,024 protocols are taken, one more is not")
    func lists() throws {
        let addresses = [[UInt8]](repeating: Self.address, count: 256)
        #expect(
            try RelayPeer(decoding: RelayPeer(id: TestPeers.one, addresses: addresses).encoded).addresses.count == 256)
        #expect(throws: LibP2PError.self) {
            try RelayPeer(decoding: RelayPeer(id: TestPeers.one, addresses: addresses + [Self.address]).encoded)
        }
        #expect(throws: LibP2PError.self) {
            try PeerRecord(
                decoding: PeerRecord(peerID: TestPeers.one, sequence: 1, addresses: addresses + [Self.address]).encoded)
        }
        var message = IdentifyMessage()
        message.protocols = (0..<1_024).map { ProtocolID("/\($0)") }
        let decoded = try IdentifyMessage(decoding: message.encoded)
        #expect(decoded.protocols.count == 1_024)
        message.protocols.append("/x")
        #expect(throws: LibP2PError.self) { try IdentifyMessage(decoding: message.encoded) }
        var merged = decoded
        let one = IdentifyMessage.protocols(["/x"])
        #expect(throws: LibP2PError.self) { try merged.merge(one) }
        #expect(merged == decoded)
    }

    @Test("Protocol names that nobody can ask for are skipped")
    func unusableNames() throws {
        let long = String(repeating: "a", count: 1_022)
        let message = try IdentifyMessage(
            decoding: [UInt8](hex: "1a00 1a02fffe 1a022f61") + IdentifyMessage.protocols([ProtocolID(long)]).encoded)
        #expect(message.protocols == ["/a"])
    }

    @Test("What does not fit one message is split, and merging the parts gives it back")
    func parts() throws {
        var message = IdentifyMessage()
        message.agentVersion = "agent"
        message.listenAddresses = [[UInt8]](repeating: Self.address, count: 256)
        message.protocols = (0..<200).map { ProtocolID("/protocol/\($0)/1.0.0") }
        message.signedPeerRecord = [UInt8](repeating: 1, count: 3_000)
        let parts = message.parts(limit: 4_096)
        #expect(parts.count > 1 && parts.count <= 10)
        #expect(parts.allSatisfy { $0.count <= 4_096 })
        var merged = IdentifyMessage()
        for part in parts { try merged.merge(try IdentifyMessage(decoding: part)) }
        #expect(merged == message)
        message.protocols = (0..<1_000).map { ProtocolID("/\($0)/" + String(repeating: "a", count: 900)) }
        #expect(message.parts(limit: 4_096).count == 10)
    }

    @Test("Random bytes are refused or read, and never trap", arguments: [1, 2, 3] as [UInt64])
    func garbage(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let types: [any ProtobufMessage.Type] = [
            HopMessage.self, StopMessage.self, RelayPeer.self, RelayReservation.self, RelayLimit.self,
            ReservationVoucher.self, HolePunchMessage.self, PeerRecord.self, SignedEnvelope.self, IdentifyMessage.self,
        ]
        let whole = HopMessage(
            .status, peer: Self.relayPeer, reservation: RelayReservation(expiration: 9, addresses: [Self.address]),
            limit: RelayLimit(duration: 1, data: 2), status: .ok
        ).encoded
        for _ in 0..<3_000 {
            var bytes = [UInt8].random(count: Int.random(in: 0...40, using: &random), using: &random)
            for type in types { _ = try? type.init(decoding: bytes) }
            bytes = whole
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            if let message = try? HopMessage(decoding: bytes) {
                #expect(try HopMessage(decoding: message.encoded) == message, "seed \(seed)")
            }
        }
    }
}

extension IdentifyMessage {
    /// A message with names alone.
    static func protocols(_ names: [ProtocolID]) -> IdentifyMessage {
        var message = IdentifyMessage()
        message.protocols = names
        return message
    }
}
