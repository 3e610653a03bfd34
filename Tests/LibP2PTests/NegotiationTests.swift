internal import Testing

@testable internal import LibP2P

@Suite struct NegotiationTests {
    private static let echo: ProtocolID = "/echo/1.0.0"
    private static let serving: @Sendable (ProtocolID) -> Bool = { $0 == Self.echo }

    private func respond(_ base: PipeStream) async throws(LibP2PError) -> NegotiatedStream {
        try await Negotiation.respond(base, serving: Self.serving, listing: { [Self.echo] })
    }

    @Test("Two ends agree on the first protocol that both speak, however the bytes are cut", arguments: 1...20)
    func agreement(seed: Int) async throws {
        let (near, far) = PipeStream.pair(seed: UInt64(seed), largestPiece: 7)
        async let answer = self.respond(far)
        let offers: [ProtocolID] = ["/a", "/b", Self.echo, "/c"]
        let stream = try await Negotiation.initiate(near, offers: offers)
        #expect(stream.protocolID == Self.echo, "seed \(seed)")
        #expect(try await answer.protocolID == Self.echo, "seed \(seed)")
    }

    @Test("A protocol that is not served leaves both ends with a reason, and the refusal arrives")
    func disagreement() async throws {
        let (near, far) = PipeStream.pair(seed: 1)
        async let answer = failure { _ = try await self.respond(far) }
        let error = await #expect(throws: LibP2PError.self) {
            try await Negotiation.initiate(near, offers: ["/other"])
        }
        #expect(error?.code == .protocolNotSupported)
        #expect(near.outgoing.resetCode == nil)
        #expect(await answer?.code == .protocolNotSupported)
    }

    @Test("A peer that ends its direction while it waits is told apart from one that sends nonsense")
    func earlyEnd() async throws {
        let (near, far) = PipeStream.pair(seed: 1)
        try await near.write(Multistream.header)
        try near.finish()
        let error = await #expect(throws: LibP2PError.self) { try await self.respond(far) }
        #expect(error?.code == .protocolNotSupported)
        #expect(far.outgoing.resetCode == nil)
    }

    @Test("A violation resets the stream with its own code")
    func violation() async throws {
        let (near, far) = PipeStream.pair(seed: 1)
        try await near.write([0x80, 0x80, 0x80, 0x80, 0x04])
        let error = await #expect(throws: LibP2PError.self) { try await self.respond(far) }
        #expect(error?.code == .protocolViolation)
        #expect(far.outgoing.resetCode == .protocolViolation)
        #expect(far.incoming.stopCode == .protocolViolation)
    }

    @Test("Greeting, protocol, data and end in one burst: the data is read after the negotiation")
    func burst() async throws {
        let (near, far) = PipeStream.pair(seed: 3, largestPiece: 4_000)
        try await near.write(Multistream.header + Multistream.message(Self.echo) + [1, 2, 3])
        try near.finish()
        let stream = LibP2PStream(try await self.respond(far), peer: TestPeers.one)
        #expect(try await stream.readToEnd(limit: 10) == [1, 2, 3])
        #expect(far.outgoing.history == Multistream.header + Multistream.message(Self.echo))
    }

    @Test("A peer that does not want our answer is served all the same")
    func answerNotWanted() async throws {
        let (near, far) = PipeStream.pair(seed: 3)
        try await near.write(Multistream.header + Multistream.message(Self.echo) + [7])
        near.stopReading(code: .none)
        let stream = LibP2PStream(try await self.respond(far), peer: TestPeers.one)
        #expect(try await stream.readExactly(1) == [7])
    }

    @Test("A silent peer is given up at the deadline, not before, on both sides", arguments: [true, false])
    func deadline(isInitiator: Bool) async throws {
        let time = ManualTime()
        let (near, _) = PipeStream.pair(seed: 3)
        async let result = failure {
            if isInitiator {
                _ = try await Negotiation.initiate(near, offers: [Self.echo], deadline: .seconds(10), time: time.source)
            } else {
                _ = try await Negotiation.respond(
                    near, serving: Self.serving, listing: { [] }, deadline: .seconds(10), time: time.source)
            }
        }
        try await time.sleepers()
        time.advance(by: .milliseconds(9_999))
        #expect(near.outgoing.resetCode == nil)
        time.advance(by: .milliseconds(1))
        #expect(await result?.code == .timedOut)
        #expect(near.outgoing.resetCode == .protocolNegotiationFailed)
    }

    @Test("A peer that sends one byte after another does not gain time by it")
    func slowPeer() async throws {
        let time = ManualTime()
        let (near, far) = PipeStream.pair(seed: 3)
        async let result = failure {
            _ = try await Negotiation.respond(
                far, serving: Self.serving, listing: { [] }, deadline: .seconds(10), time: time.source)
        }
        try await time.sleepers()
        for byte in Multistream.header.prefix(9) {
            try await near.write([byte])
            time.advance(by: .seconds(1))
        }
        #expect(far.outgoing.resetCode == nil)
        time.advance(by: .seconds(1))
        #expect(await result?.code == .timedOut)
    }

    @Test("A negotiation that is cancelled says so and resets the stream", arguments: [true, false])
    func cancellation(isInitiator: Bool) async throws {
        let time = ManualTime()
        let (near, _) = PipeStream.pair(seed: 3)
        let task = Task {
            await failure {
                if isInitiator {
                    _ = try await Negotiation.initiate(near, offers: [Self.echo], time: time.source)
                } else {
                    _ = try await Negotiation.respond(
                        near, serving: Self.serving, listing: { [] }, time: time.source)
                }
            }
        }
        try await time.sleepers()
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(near.outgoing.resetCode == StreamCode.none)
    }

    // MARK: Lazy

    @Test("A lazy offer and the first data leave before the peer has said anything")
    func lazyBurst() async throws {
        let (near, far) = PipeStream.pair(seed: 5)
        let stream = LibP2PStream(
            try await Negotiation.initiate(near, offers: [Self.echo], isLazy: true), peer: TestPeers.one)
        try await stream.write([1, 2])
        try await stream.closeWrite()
        #expect(near.outgoing.history == Multistream.header + Multistream.message(Self.echo) + [1, 2])
        #expect(near.outgoing.isFinished)
        try await far.write(Multistream.header + Multistream.message(Self.echo) + [3])
        try far.finish()
        #expect(try await stream.readToEnd(limit: 10) == [3])
    }

    @Test("A lazy offer that is refused fails the first read, and every one after it")
    func lazyRefusal() async throws {
        let (near, far) = PipeStream.pair(seed: 5)
        let stream = LibP2PStream(
            try await Negotiation.initiate(near, offers: [Self.echo], isLazy: true), peer: TestPeers.one)
        try await far.write(Multistream.header + Multistream.refusal)
        for _ in 0..<2 {
            let error = await #expect(throws: LibP2PError.self) { try await stream.read() }
            #expect(error?.code == .protocolNotSupported)
        }
        let error = await #expect(throws: LibP2PError.self) { try await stream.write([1]) }
        #expect(error?.code == .protocolNotSupported)
        #expect(near.outgoing.resetCode == .protocolNegotiationFailed)
    }

    @Test("Reading is closed on a lazy stream only once the peer's answer has been read")
    func lazyCloseRead() async throws {
        let (near, far) = PipeStream.pair(seed: 5)
        let stream = LibP2PStream(
            try await Negotiation.initiate(near, offers: [Self.echo], isLazy: true), peer: TestPeers.one)
        stream.closeRead(.garbageCollected)
        #expect(near.incoming.stopCode == nil)
        try await far.write(Multistream.header + Multistream.message(Self.echo) + [3])
        await stream.close()
        #expect(near.incoming.stopCode == .garbageCollected)
        #expect(near.outgoing.isFinished)
        let error = await #expect(throws: LibP2PError.self) { try await stream.read() }
        #expect(error?.code == .streamEnded)
    }

    @Test("Closing a lazy stream waits for the answer no longer than a negotiation may take")
    func lazyCloseDeadline() async throws {
        let time = ManualTime()
        let (near, _) = PipeStream.pair(seed: 5)
        let offer = try await Negotiation.initiate(near, offers: [Self.echo], isLazy: true)
        let stream = LibP2PStream(offer, peer: TestPeers.one, deadline: .seconds(10), time: time.source)
        async let closing: Void = stream.close()
        try await time.sleepers()
        #expect(near.outgoing.isFinished)
        time.advance(by: .seconds(10))
        await closing
    }

    @Test("A read of a lazy stream that is cancelled in the middle of the answer does not lose its beginning")
    func lazyCancellation() async throws {
        let (near, far) = PipeStream.pair(seed: 5, largestPiece: 1)
        let stream = LibP2PStream(
            try await Negotiation.initiate(near, offers: [Self.echo], isLazy: true), peer: TestPeers.one)
        let answer = Multistream.header + Multistream.message(Self.echo) + [42]
        try await far.write(Array(answer.prefix(25)))
        let task = Task { await failure { _ = try await stream.read() } }
        try await far.outgoing.when { $0.bytes.isEmpty }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        try await far.write(Array(answer.dropFirst(25)))
        #expect(try await stream.read() == [42])
    }
}
