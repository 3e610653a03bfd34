internal import Testing

@testable internal import LibP2P

@Suite struct PingTests {
    private func pair(seed: UInt64 = 1) -> (LibP2PStream, LibP2PStream) {
        let (near, far) = PipeStream.pair(seed: seed)
        return (
            LibP2PStream(NegotiatedStream(protocolID: Ping.protocolID, base: near), peer: TestPeers.two),
            LibP2PStream(NegotiatedStream(protocolID: Ping.protocolID, base: far), peer: TestPeers.one)
        )
    }

    /// A pipe of our own and the stream at its other end.
    private func halfPair() -> (PipeStream, LibP2PStream) {
        let (near, far) = PipeStream.pair(seed: 1)
        return (near, LibP2PStream(NegotiatedStream(protocolID: Ping.protocolID, base: far), peer: TestPeers.one))
    }

    @Test("Pings come back on one stream, and the peer's end ends the service", arguments: 1...8)
    func pings(seed: Int) async throws {
        let (near, far) = self.pair(seed: UInt64(seed))
        let service = PingService()
        async let serving: Void = service.serve(far)
        let session = PingSession(near)
        for _ in 0..<10 { _ = try await session.ping() }
        await session.close()
        try await serving
        #expect(session.statistics.received == 10)
        #expect(session.statistics.lost == 0)
        #expect(near.base is PipeStream)
    }

    @Test("Each ping has 32 bytes of its own")
    func payloads() async throws {
        let (pipe, far) = self.halfPair()
        async let serving: Void = PingService().serve(far)
        let near = LibP2PStream(NegotiatedStream(protocolID: Ping.protocolID, base: pipe), peer: TestPeers.two)
        let session = PingSession(near)
        _ = try await session.ping()
        _ = try await session.ping()
        await session.close()
        try await serving
        let sent = pipe.outgoing.history
        #expect(sent.count == 64)
        #expect(sent.prefix(32) != sent.suffix(32))
    }

    @Test("A round trip is the time between a ping and its answer")
    func roundTrip() async throws {
        let time = ManualTime()
        let (pipe, far) = self.halfPair()
        let session = PingSession(far, time: time.source, payload: { [UInt8](repeating: 7, count: 32) })
        async let roundTrip = session.ping()
        try await pipe.incoming.when { $0.bytes.count == 32 }
        time.advance(by: .milliseconds(25))
        try await pipe.write([UInt8](repeating: 7, count: 32))
        #expect(try await roundTrip == .milliseconds(25))
        #expect(session.statistics.last == .milliseconds(25))
    }

    @Test("Round trips are a sequence with a pause in between, which ends when a ping fails")
    func sequence() async throws {
        let time = ManualTime()
        let (near, far) = self.pair()
        let service = Task { try await PingService().serve(far) }
        let session = PingSession(near, time: time.source)
        let counting = Task {
            var count = 0
            do {
                for try await _ in session.roundTrips(every: .seconds(5)) { count += 1 }
            } catch {
                #expect((error as? LibP2PError)?.code == .streamStopped)
            }
            return count
        }
        for _ in 0..<2 {
            // The alarm of the pause; those of the pings are cancelled when they are answered.
            try await time.sleepers(until: .seconds(5))
            time.advance(by: .seconds(5))
        }
        try await time.sleepers(until: .seconds(5))
        far.reset(.shutdown)
        time.advance(by: .seconds(5))
        #expect(await counting.value == 3)
        service.cancel()
        _ = await service.result
    }

    @Test(
        "An answer that is late ends the session, and so does a wrong one or none", arguments: ["late", "wrong", "end"])
    func failures(kind: String) async throws {
        let time = ManualTime()
        let (pipe, stream) = self.halfPair()
        let session = PingSession(stream, timeout: .seconds(10), time: time.source)
        async let result = failure { _ = try await session.ping() }
        try await time.sleepers()
        switch kind {
        case "late": time.advance(by: .seconds(10))
        case "wrong": try await pipe.write([UInt8](repeating: 0, count: 32))
        default:
            try await pipe.write([1, 2, 3])
            try pipe.finish()
        }
        let codes: [String: LibP2PError.Code] = ["late": .timedOut, "wrong": .protocolViolation, "end": .truncated]
        #expect(await result?.code == codes[kind])
        #expect(session.statistics.lost == 1)
        #expect(pipe.incoming.resetCode == (kind == "wrong" ? .protocolViolation : StreamCode.none))
    }

    @Test("Two streams of one peer are served, a third is refused with the limit's name, until one ends")
    func streamLimit() async throws {
        let service = PingService()
        let (first, one) = self.halfPair()
        let (second, two) = self.halfPair()
        let serving = [one, two].map { stream in Task { try await service.serve(stream) } }
        for pipe in [first, second] {
            try await pipe.write([UInt8](repeating: 1, count: 32))
            try await pipe.incoming.when { $0.bytes.count == 32 }
        }
        let (third, three) = self.halfPair()
        let error = await failure { try await service.serve(three) }
        #expect(error?.code == .limitReached)
        #expect(error?.limit == "ping streams per peer")
        #expect(third.incoming.resetCode == .resourceLimitExceeded)
        try first.finish()
        try await serving[0].value
        let (fourth, four) = self.halfPair()
        try fourth.finish()
        try await service.serve(four)
        try second.finish()
        try await serving[1].value
    }

    @Test("A stream without a ping for 30 s is ended, and pings before that keep it")
    func idle() async throws {
        let time = ManualTime()
        let (pipe, stream) = self.halfPair()
        async let serving: Void = PingService(time: time.source).serve(stream)
        for _ in 0..<3 {
            try await time.sleepers(until: .seconds(30))
            time.advance(by: .seconds(29))
            try await pipe.write([UInt8](repeating: 1, count: 32))
            try await pipe.incoming.when { $0.bytes.count == 32 }
            #expect(try await pipe.read(maximum: 32) != nil)
            while pipe.incoming.pendingCount > 0 { _ = try await pipe.read(maximum: 32) }
        }
        try await time.sleepers(until: .seconds(30))
        time.advance(by: .seconds(30))
        try await serving
        #expect(pipe.outgoing.stopCode == StreamCode.none)
        #expect(pipe.incoming.resetCode == nil)
    }

    @Test("Half a ping and then the end is the peer's fault")
    func halfAPing() async throws {
        let (pipe, stream) = self.halfPair()
        try await pipe.write([1, 2, 3])
        try pipe.finish()
        #expect(await failure { try await PingService().serve(stream) }?.code == .truncated)
    }

    @Test("Statistics have the shortest, longest and average round trip, jitter and losses")
    func statistics() {
        var figures = PingStatistics()
        #expect(figures.mean == nil && figures.jitter == nil && figures.minimum == nil)
        for milliseconds in [10, 30, 20] { figures.add(.milliseconds(milliseconds)) }
        figures.addLost()
        #expect(figures.minimum == .milliseconds(10))
        #expect(figures.maximum == .milliseconds(30))
        #expect(figures.mean == .milliseconds(20))
        #expect(figures.jitter == .milliseconds(15))
        #expect(figures.last == .milliseconds(20))
        #expect((figures.sent, figures.received, figures.lost) == (4, 3, 1))
    }
}
