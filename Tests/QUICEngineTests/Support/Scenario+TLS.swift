import QUICEngine
import QUICTestSupport
import Testing

extension Scenario {
    /// Why a connection ended, as each of its ends sees it.
    struct Endings {
        let client: ConnectionCloseReason
        let server: ConnectionCloseReason
    }

    /// Dials, and waits until both ends know that it came to nothing.
    func dialInVain(
        _ configure: (inout ClientAttempt) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Endings {
        let known = self.server.accepted.count
        let client = try self.dial(configure)
        self.run(.seconds(5)) {
            self.server.accepted.count > known && client.closeReason != nil
                && self.server.accepted.last?.closeReason != nil
        }
        try #require(self.server.accepted.count > known, "the server saw no connection", sourceLocation: sourceLocation)
        return Endings(
            client: try #require(client.closeReason, "the client goes on", sourceLocation: sourceLocation),
            server: try #require(
                self.server.accepted.last?.closeReason, "the server goes on", sourceLocation: sourceLocation))
    }

    /// Connects, waits for a ticket, closes, and waits until both ends have forgotten the connection.
    func earnTicket(_ configure: (inout ClientAttempt) -> Void = { _ in }) throws -> ResumptionTicket {
        let (client, _) = try self.connect(configure)
        self.run(.seconds(1)) { client.ticket != nil }
        let ticket = try #require(client.ticket, "the server gave no ticket")
        try client.engine?.close(now: self.now)
        self.run(.seconds(30)) { self.client.live.isEmpty && self.server.live.isEmpty }
        return ticket
    }

    /// Expects that one end closed with `alert`, that the other was told, and that the closing end says why.
    func expect(
        _ endings: Endings, alert: TLSAlert, from culprit: KeyPath<Endings, ConnectionCloseReason>,
        mentioning text: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let (closer, other) =
            culprit == \.client ? (endings.client, endings.server) : (endings.server, endings.client)
        #expect(closer.closedBy == .local, sourceLocation: sourceLocation)
        #expect(other.closedBy == .peer, sourceLocation: sourceLocation)
        #expect(closer.tlsAlert == alert, sourceLocation: sourceLocation)
        #expect(other.tlsAlert == alert, sourceLocation: sourceLocation)
        #expect(closer.reason.contains(text), sourceLocation: sourceLocation)
        #expect(other.reason == closer.reason, sourceLocation: sourceLocation)
    }
}

extension SimulatedConnection {
    /// The last ticket for resumption that the server gave.
    var ticket: ResumptionTicket? {
        self.events.reversed().lazy.compactMap { if case .resumptionTicket(let ticket) = $0 { ticket } else { nil } }
            .first
    }

    /// The last address token that the server gave.
    var addressToken: [UInt8]? {
        self.events.reversed().lazy.compactMap { if case .addressToken(let token) = $0 { token } else { nil } }.first
    }

    /// The lines for a key log file.
    var keyLog: [String] { self.events.compactMap { if case .keyLog(let line) = $0 { line } else { nil } } }

    /// The certificate that waits for a verdict.
    var awaitedVerdict: PeerCertificate? {
        self.events.lazy.compactMap { if case .verificationNeeded(let peer) = $0 { peer } else { nil } }.first
    }

    /// The streams that came back because the server refused 0-RTT; nil where it did not.
    var rejectedStreams: [RejectedStream]? {
        self.events.lazy.compactMap { if case .earlyDataRejected(let streams) = $0 { streams } else { nil } }.first
    }

    /// Whether the peer opened a stream, and whether its first bytes came as 0-RTT data.
    func openedEarly(_ id: StreamID) -> Bool? {
        self.events.lazy.compactMap { if case .streamOpened(id, let early) = $0 { early } else { nil } }.first
    }
}
