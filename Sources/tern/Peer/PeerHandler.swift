import QUIC

/// Serves one connection on the event loop. Until the handshake is complete it answers nothing: what comes as 0-RTT data
/// may be a copy (RFC 8446 §8).
final class PeerHandler: QUICConnectionHandler {
    private let isQuiet: Bool
    private var service: Service?
    /// What came before the handshake was complete.
    private var early: [StreamID] = []
    private var echoes: [StreamID: Echo] = [:]
    /// Streams of ours, and whose bytes they send back.
    private var sources: [StreamID: StreamID] = [:]
    /// Unidirectional streams that wait for one of ours.
    private var unanswered: [StreamID] = []
    private var perf: PerfService?

    private enum Service { case echo, perf }

    private struct Echo {
        var target: StreamID
        /// What did not fit the last time.
        var held: Chunk?
    }

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func connected(_ connection: isolated QUICConnection) {
        self.service = connection.applicationProtocol == "perf" ? .perf : .echo
        // Not for those that never send it: 10,000 idle connections would keep 10,000 of these.
        if self.service == .perf { self.perf = PerfService(connection) }
        if !self.isQuiet { self.report(connection) }
        for stream in self.early { self.begin(stream, connection) }
        self.early = []
        self.datagramReadable(on: connection)
    }

    func streamOpened(_ stream: StreamID, early: Bool, on connection: isolated QUICConnection) {
        if self.service == nil { self.early.append(stream) } else { self.begin(stream, connection) }
    }

    func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
        switch self.service {
        case .echo: self.echo(stream, connection)
        case .perf: self.perf?.receive(stream, connection)
        case nil: break
        }
    }

    func streamWritable(_ stream: StreamID, on connection: isolated QUICConnection) {
        if self.service == .perf {
            self.perf?.send(stream, connection)
        } else if let source = self.sources[stream] {
            self.echo(source, connection)
        }
    }

    func streamStopped(_ stream: StreamID, code: UInt64, on connection: isolated QUICConnection) {
        self.perf?.forget(stream)
        guard let source = self.sources.removeValue(forKey: stream) else { return }
        self.echoes[source] = nil
        connection.stopSending(source, code: code)
    }

    func streamClosed(_ stream: StreamID, on connection: isolated QUICConnection) {
        self.perf?.forget(stream)
        self.echoes[stream] = nil
        self.sources[stream] = nil
    }

    func streamsAvailable(_ direction: StreamDirection, on connection: isolated QUICConnection) {
        guard direction == .unidirectional else { return }
        let waiting = self.unanswered
        self.unanswered = []
        for stream in waiting { self.begin(stream, connection) }
    }

    func datagramReadable(on connection: isolated QUICConnection) {
        guard self.service != nil else { return }
        while let datagram = connection.readDatagram() { connection.sendDatagramNow(datagram) }
    }

    private func begin(_ stream: StreamID, _ connection: isolated QUICConnection) {
        if self.service == .perf {
            self.perf?.begin(stream, connection)
            return
        }
        if let target = stream.isBidirectional ? stream : connection.open(.unidirectional) {
            self.echoes[stream] = Echo(target: target)
            self.sources[target] = stream
        } else {
            self.unanswered.append(stream)
            return
        }
        self.streamReadable(stream, on: connection)
    }

    private func report(_ connection: isolated QUICConnection) {
        var event = JSONObject()
        event.add("event", "handshake")
        event.add("alpn", connection.applicationProtocol ?? "")
        event.add("peer", "\(connection.remoteAddress)")
        event.add("resumed", connection.handshakeSummary?.isResumed ?? false)
        event.add("early", connection.handshakeSummary?.acceptedEarlyData ?? false)
        Console.writeNow(event.text)
    }
}

// MARK: echo

extension PeerHandler {
    /// Passes on whatever is here. What does not fit stays with the peer: its window does not move.
    private func echo(_ stream: StreamID, _ connection: isolated QUICConnection) {
        guard var echo = self.echoes[stream] else { return }
        while let chunk = echo.held ?? connection.readChunk(stream) {
            echo.held = chunk
            guard connection.write(chunk, to: echo.target) else {
                self.echoes[stream] = echo
                return
            }
            echo.held = nil
        }
        self.echoes[stream] = echo
        guard connection.isAtEnd(stream) else { return }
        connection.finish(echo.target)
        self.echoes[stream] = nil
        self.sources[echo.target] = nil
    }
}
