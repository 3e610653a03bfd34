import QUIC
import QUICIO

/// One byte there and back, one stream after another, from the event loop itself.
final class PingHandler: QUICConnectionHandler {
    typealias Outcome = Result<[Double], any Error>

    private let rounds: Int
    private let warmUp = 50
    private let report: @Sendable (Outcome) -> Void
    private var byte: Chunk?
    private var stream: StreamID?
    private var received = 0
    private var started: UInt64 = 0
    private var done = 0
    private var times: [Double] = []

    /// `report` is called once, with the microseconds of each round or with why there are none.
    init(rounds: Int, report: @escaping @Sendable (Outcome) -> Void) {
        (self.rounds, self.report) = (rounds, report)
        self.times.reserveCapacity(rounds)
    }

    func connected(_ connection: isolated QUICConnection) {
        self.byte = [UInt8(120)].withRawSpan { connection.makeChunk(copying: $0).first }
        self.next(connection)
    }

    func streamsAvailable(_ direction: StreamDirection, on connection: isolated QUICConnection) {
        if self.stream == nil, self.byte != nil, self.done < self.rounds + self.warmUp { self.next(connection) }
    }

    func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
        guard stream == self.stream else { return }
        while let count = connection.withNextBytes(of: stream, { $0.byteCount }) { self.received += count }
        guard connection.isAtEnd(stream) else { return }
        self.stream = nil
        guard self.received == 1 else { return self.report(.failure(PeerFailure("the echo differs"))) }
        if self.done >= self.warmUp { self.times.append(Double(MonotonicClock.now() - self.started) / 1e3) }
        self.done += 1
        if self.done < self.rounds + self.warmUp { self.next(connection) } else { self.report(.success(self.times)) }
    }

    func closed(_ error: QUICError, on connection: isolated QUICConnection) { self.report(.failure(error)) }

    private func next(_ connection: isolated QUICConnection) {
        self.started = MonotonicClock.now()
        // Where the peer allows no more streams yet, it says so when it does.
        guard let byte = self.byte, let stream = connection.open() else { return }
        (self.stream, self.received) = (stream, 0)
        _ = connection.write(byte, to: stream)
        connection.finish(stream)
    }
}

extension PeerClient {
    func pingOnLoop(_ endpoint: QUICEndpoint) async throws -> Findings {
        let (outcomes, continuation) = AsyncStream.makeStream(of: PingHandler.Outcome.self)
        var client = try self.configuration()
        let rounds = self.options.rounds
        client.handler = { _ in PingHandler(rounds: rounds) { continuation.yield($0) } }
        let connection = try await endpoint.connect(to: self.options.address, client)
        var iterator = outcomes.makeAsyncIterator()
        guard let outcome = await iterator.next() else { throw CancellationError() }
        connection.close()
        return Findings(roundTrips: try outcome.get())
    }
}
