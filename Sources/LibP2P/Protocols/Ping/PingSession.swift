internal import Synchronization

/// Pings to a peer, one after another on the same stream.
///
///     let session = try await host.ping(peer)
///     for try await roundTrip in session.roundTrips(every: .seconds(1)) {
///         print(roundTrip, session.statistics.mean)
///     }
///
/// A peer that does not answer in time, or wrongly, ends the session, as the stream is of no use any more; the
/// connection stays.
public final class PingSession: Sendable {
    private let stream: LibP2PStream
    private let timeout: Duration
    private let time: TimeSource
    private let payload: @Sendable () -> [UInt8]
    private let turn = StreamLock()
    private let figures = Mutex(PingStatistics())

    init(
        _ stream: LibP2PStream, timeout: Duration = Ping.timeout, time: TimeSource = .continuous,
        payload: @escaping @Sendable () -> [UInt8] = PingSession.randomPayload
    ) {
        self.stream = stream
        self.timeout = timeout
        self.time = time
        self.payload = payload
    }

    /// Who is pinged.
    public var peer: PeerID { self.stream.peer }

    /// What was measured so far.
    public var statistics: PingStatistics { self.figures.withLock { $0 } }

    /// Sends one ping and waits for its answer.
    public func ping() async throws(LibP2PError) -> Duration {
        try await self.turn.withLock { () async throws(LibP2PError) in
            do throws(LibP2PError) {
                let roundTrip = try await self.time.limit(self.timeout, for: "the answer to a ping") {
                    () async throws(LibP2PError) in try await self.exchange()
                }
                self.figures.withLock { $0.add(roundTrip) }
                return roundTrip
            } catch {
                // An answer that nobody took would be taken for that of the next ping.
                self.stream.reset(error.code == .protocolViolation ? .protocolViolation : .none)
                if error.code != .cancelled { self.figures.withLock { $0.addLost() } }
                throw error
            }
        }
    }

    /// Pings over and over, with a pause in between, until the task is cancelled or a ping fails.
    public func roundTrips(every pause: Duration = .seconds(1)) -> RoundTrips {
        RoundTrips(session: self, pause: pause)
    }

    /// Ends the session in good order.
    public func close() async { await self.stream.close() }

    private func exchange() async throws(LibP2PError) -> Duration {
        let ping = self.payload()
        let start = self.time.now()
        try await self.stream.write(ping)
        guard let answer = try await self.stream.readBlock(Ping.byteCount) else {
            throw LibP2PError(.streamEnded, "the peer ended the stream instead of answering a ping")
        }
        guard answer == ping else {
            throw LibP2PError(.protocolViolation, "the peer answered a ping with other bytes")
        }
        return self.time.now() - start
    }

    private static func randomPayload() -> [UInt8] {
        (0..<Ping.byteCount).map { _ in UInt8.random(in: .min ... .max) }
    }

    fileprivate func ping(after pause: Duration?) async throws(LibP2PError) -> Duration {
        do {
            if let pause { try await self.time.sleep(pause) }
        } catch {
            throw LibP2PError(.cancelled, "the task was cancelled between two pings")
        }
        return try await self.ping()
    }
}

extension PingSession {
    /// The round trips of a session, each measured when it is asked for.
    public struct RoundTrips: AsyncSequence, Sendable {
        let session: PingSession
        let pause: Duration

        /// Measures one round trip after another.
        public struct AsyncIterator: AsyncIteratorProtocol {
            let session: PingSession
            let pause: Duration
            var isFirst = true

            /// The next round trip.
            public mutating func next() async throws(LibP2PError) -> Duration? {
                defer { self.isFirst = false }
                return try await self.session.ping(after: self.isFirst ? nil : self.pause)
            }

            /// The next round trip.
            public mutating func next(isolation actor: isolated (any Actor)?) async throws(LibP2PError) -> Duration? {
                defer { self.isFirst = false }
                return try await self.session.ping(after: self.isFirst ? nil : self.pause)
            }
        }

        /// Begins to measure.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(session: self.session, pause: self.pause) }
    }
}
