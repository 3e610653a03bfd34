internal import QUIC

/// How often a dial is tried, and how long is waited in between.
///
///     try await host.connect(to: PeerInfo(address), retrying: RetryPolicy(attempts: 5))
public struct RetryPolicy: Hashable, Sendable {
    /// How often in all: 3.
    public var attempts: Int
    /// The pause between two attempts: 2 s.
    public var pause: Duration

    /// The defaults, or others.
    public init(attempts: Int = 3, pause: Duration = .seconds(2)) {
        self.attempts = attempts
        self.pause = pause
    }

    /// Whether trying again may help. A peer that is another one, or that does not want us, will not change its mind.
    func isWorthAnother(_ error: LibP2PError) -> Bool {
        switch error.code {
        case .unreachable, .timedOut, .closed, .systemFailed: true
        default: false
        }
    }
}

extension LibP2PHost {
    /// Connects to a peer, and tries again where that may help: never after a failure of security.
    @discardableResult
    public func connect(to info: PeerInfo, retrying policy: RetryPolicy) async throws(LibP2PError) -> LibP2PConnection {
        var attempt = 1
        while true {
            do throws(LibP2PError) {
                return try await self.connect(to: info)
            } catch {
                guard attempt < policy.attempts, policy.isWorthAnother(error) else { throw error }
                attempt += 1
            }
            do { try await Task.sleep(for: policy.pause) } catch {
                throw LibP2PError(.cancelled, "the task was cancelled between two attempts")
            }
        }
    }

    /// Asks a peer one question on a stream of its own, and returns the answer. Both have a length of four bytes in front.
    ///
    ///     let answer = try await host.request(Array("what time is it?".utf8), from: peer, "/api/1.0.0")
    public func request(
        _ question: [UInt8], from peer: PeerID, _ protocolID: ProtocolID, timeout: Duration = .seconds(30),
        answerLimit: Int = 10 << 20
    ) async throws(LibP2PError) -> [UInt8] {
        try await Self.time.limit(timeout, for: "the answer of \(peer) to \(protocolID)") {
            () async throws(LibP2PError) in
            let stream = try await self.openStream(to: peer, protocolID)
            try await stream.writeFrame(question)
            try await stream.closeWrite()
            guard let answer = try await stream.readFrame(limit: answerLimit) else {
                throw LibP2PError(.truncated, "\(peer) ended the stream of \(protocolID) without an answer")
            }
            await stream.close()
            return answer
        }
    }

    /// Answers the questions of peers that ``request(_:from:_:timeout:answerLimit:)`` asks.
    ///
    ///     try host.answer("/api/1.0.0") { question, peer in question.reversed() }
    public func answer(
        _ protocolID: ProtocolID, questionLimit: Int = 10 << 20,
        with body: @escaping @Sendable (_ question: [UInt8], _ peer: PeerID) async throws -> [UInt8]
    ) throws(LibP2PError) {
        try self.handle(protocolID) { stream in
            guard let question = try await stream.readFrame(limit: questionLimit) else { return }
            try await stream.writeFrame(try await body(question, stream.peer))
        }
    }
}
