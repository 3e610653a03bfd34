/// Drives multistream-select over a stream, with a deadline.
///
/// Where it fails, the stream is given up: nobody can say what further bytes on it would mean.
enum Negotiation {
    /// How long it may take; what other implementations allow.
    static let defaultDeadline = Duration.seconds(10)

    /// Offers protocols, the best first.
    ///
    /// Lazy: the first one is taken for granted, and the answer read before the first byte of the application. To be
    /// used where the peer is known to serve it, or where it is the only one that will do.
    static func initiate(
        _ base: any DuplexStream, offers: [ProtocolID], isLazy: Bool = false,
        deadline: Duration = Self.defaultDeadline, time: TimeSource = .continuous
    ) async throws(LibP2PError) -> NegotiatedStream {
        try await self.run(on: base, deadline, time) { () async throws(LibP2PError) in
            var initiator = try MultistreamInitiator(offering: offers)
            try await base.write(initiator.opening)
            if isLazy { return NegotiatedStream(protocolID: initiator.offer, base: base, pending: initiator) }
            let (name, remainder) = try await self.finish(&initiator, on: base)
            return NegotiatedStream(protocolID: name, base: base, remainder: remainder)
        }
    }

    /// Takes the first protocol that `isServed` is true of; `names` is what `ls` is answered with.
    static func respond(
        _ base: any DuplexStream, serving isServed: @escaping @Sendable (ProtocolID) -> Bool,
        listing names: @escaping @Sendable () -> [ProtocolID],
        deadline: Duration = Self.defaultDeadline, time: TimeSource = .continuous
    ) async throws(LibP2PError) -> NegotiatedStream {
        try await self.run(on: base, deadline, time) { () async throws(LibP2PError) in
            var responder = MultistreamResponder()
            while true {
                let bytes = try await self.read(base)
                let step = try responder.receive(bytes, serving: isServed, listing: names)
                try await self.reply(step, on: base)
                if step.isOver {
                    throw LibP2PError(.protocolNotSupported, "the peer offers nothing that is served here")
                }
                guard let name = step.selected else { continue }
                return NegotiatedStream(protocolID: name, base: base, remainder: step.remainder)
            }
        }
    }

    /// The same for a table of handlers, and the one to run.
    static func respond(
        _ base: any DuplexStream, table: HandlerTable,
        deadline: Duration = Self.defaultDeadline, time: TimeSource = .continuous
    ) async throws(LibP2PError) -> (stream: NegotiatedStream, handler: HandlerTable.Handler) {
        let stream = try await self.respond(
            base, serving: { table.handler(for: $0) != nil }, listing: { table.names },
            deadline: deadline, time: time)
        guard let handler = table.handler(for: stream.protocolID) else {
            // Only a match function that changes its mind comes here.
            base.reset(code: .protocolNegotiationFailed)
            throw LibP2PError(.protocolNotSupported, "\(stream.protocolID) is not served any more")
        }
        return (stream, handler)
    }

    /// Reads until the peer has taken one of the offers.
    static func finish(
        _ initiator: inout MultistreamInitiator, on base: any DuplexStream
    ) async throws(LibP2PError) -> (ProtocolID, remainder: [UInt8]) {
        while true {
            switch try initiator.receive(try await self.read(base)) {
            case .wait: continue
            case .send(let bytes): try await base.write(bytes)
            case .selected(let name, let remainder): return (name, remainder)
            }
        }
    }

    /// What a reset means that comes in place of an answer: a peer that does not serve the protocol may say so that way.
    static func refusal(of name: ProtocolID, by error: LibP2PError) -> LibP2PError? {
        // Some reset it without a code (py-libp2p 0.8).
        let codes = [StreamCode.none, .protocolNegotiationFailed].map(\.rawValue)
        guard error.code == .streamReset, let code = error.applicationCode, codes.contains(code) else { return nil }
        return LibP2PError(
            .protocolNotSupported, "the peer reset the stream instead of agreeing to \(name): it does not speak it",
            applicationCode: error.applicationCode, underlying: error.underlying)
    }

    /// The code that a stream is given up with.
    static func code(for error: LibP2PError) -> StreamCode {
        switch error.code {
        case .protocolViolation: .protocolViolation
        case .cancelled: .none
        default: .protocolNegotiationFailed
        }
    }

    private static func run<Value: Sendable>(
        on base: any DuplexStream, _ deadline: Duration, _ time: TimeSource,
        _ body: @escaping @Sendable () async throws(LibP2PError) -> Value
    ) async throws(LibP2PError) -> Value {
        do throws(LibP2PError) {
            return try await time.limit(deadline, for: "the negotiation of a protocol", body)
        } catch {
            self.end(base, after: error)
            throw error
        }
    }

    /// A refusal that was sent must arrive, which a reset would overtake.
    private static func end(_ base: any DuplexStream, after error: LibP2PError) {
        guard error.code == .protocolNotSupported, (try? base.finish()) != nil else {
            return base.reset(code: self.code(for: error))
        }
        base.stopReading(code: self.code(for: error))
    }

    private static func read(_ base: any DuplexStream) async throws(LibP2PError) -> [UInt8] {
        guard let bytes = try await base.read(maximum: 4_096) else {
            throw LibP2PError(.protocolNotSupported, "the peer ended the stream without agreeing to a protocol")
        }
        return bytes
    }

    private static func reply(_ step: MultistreamResponder.Step, on base: any DuplexStream) async throws(LibP2PError) {
        guard !step.reply.isEmpty else { return }
        do throws(LibP2PError) {
            try await base.write(step.reply)
        } catch {
            // A peer that has sent all it wants to say may not care for our answer any more: it still wants to be heard.
            guard error.code == .streamStopped else { throw error }
        }
    }
}
