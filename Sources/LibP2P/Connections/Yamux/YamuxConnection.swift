/// A libp2p connection inside one stream of bytes: yamux over what TLS made secure. For relayed connections.
///
/// It lives until ``close(code:reason:)``, until the stream below ends or until nobody holds it any more.
final class YamuxConnection: MuxedConnection {
    struct State: Sendable {
        var session: YamuxSession
        var ending: LibP2PError?
        /// Whether what still waits is to be sent before the end.
        var isClosing = false
    }

    /// Streams hold this and not the connection, and so does the task that drives it.
    let core: YamuxCore

    /// Takes over `base`, whose peer is known.
    init(_ role: YamuxSession.Role, over base: any DuplexStream) {
        let core = YamuxCore(Signal(State(session: YamuxSession(role))), base)
        self.core = core
        // Not structured: the connection outlives the call that made it, and its end ends the task.
        Task { await core.run() }
    }

    deinit { self.core.close(code: .none, reason: "nobody holds the connection any more") }

    var isOpen: Bool { self.core.signal.withLock { $0.ending == nil && $0.session.goneAway == nil } }

    func openStream() async throws(LibP2PError) -> any DuplexStream {
        let id = try await self.core.signal.wait { state -> Result<UInt32, LibP2PError>? in
            if let ending = state.ending { return .failure(ending) }
            if state.session.goneAway != nil || state.session.hasSaidFarewell {
                return .failure(LibP2PError(.closed, "the connection takes no more streams: it is being closed"))
            }
            return state.session.open().map { .success($0) }
        }.get()
        self.core.wake()
        return YamuxStream(id, self.core)
    }

    func acceptStream() async throws(LibP2PError) -> any DuplexStream {
        let id = try await self.core.signal.wait { state -> Result<UInt32, LibP2PError>? in
            if let ending = state.ending { return .failure(ending) }
            return state.session.accept().map { .success($0) }
        }.get()
        self.core.wake()
        return YamuxStream(id, self.core)
    }

    func close(code: ConnectionCode, reason: String) { self.core.close(code: code, reason: reason) }

    func closed() async -> LibP2PError {
        do throws(LibP2PError) { return try await self.core.signal.wait { $0.ending } } catch { return error }
    }
}

/// What a yamux connection and its streams share.
final class YamuxCore: Sendable {
    let signal: Signal<YamuxConnection.State>
    private let base: any DuplexStream

    init(_ signal: Signal<YamuxConnection.State>, _ base: any DuplexStream) {
        self.signal = signal
        self.base = base
    }

    /// Something is to be sent, or there is room again.
    func wake() { self.signal.update { _ in } }

    /// Moves bytes until the end, and then gives the stream below up.
    func run() async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.readAll() }
            group.addTask { await self.writeAll() }
            group.addTask { await self.waitForFarewell() }
            // The reader's end is known to the writer, which still sends what waits.
            while let isOver = await group.next(), !isOver {}
            if self.signal.withLock({ $0.isClosing }) {
                try? self.base.finish()
                self.base.stopReading(code: .none)
            } else {
                self.base.reset(code: .none)
            }
            group.cancelAll()
        }
    }

    /// A farewell is sent if the stream below takes it; streams end at once.
    func close(code: ConnectionCode, reason: String) {
        self.signal.update { state in
            guard state.ending == nil else { return }
            state.session.sayFarewell(UInt32(clamping: code.rawValue))
            state.isClosing = true
            state.ending = LibP2PError(
                .closed, "this host closed the relayed connection: \(code)\(reason.isEmpty ? "" : ". \(reason)")",
                applicationCode: code.rawValue)
        }
    }

    /// Ends some time after the connection did: a peer that reads nothing must not keep it.
    private func waitForFarewell() async -> Bool {
        _ = try? await self.signal.wait { $0.ending }
        try? await Task.sleep(for: .seconds(5))
        return true
    }

    private func readAll() async -> Bool {
        do throws(LibP2PError) {
            while let bytes = try await self.base.read(maximum: 65_536) {
                guard self.receive(bytes) else { return false }
            }
            self.end(LibP2PError(.closed, "the peer, or the relay, ended the relayed connection"))
        } catch {
            self.end(error)
        }
        return false
    }

    private func writeAll() async -> Bool {
        do throws(LibP2PError) {
            while true {
                let bytes = try await self.signal.wait { state -> [UInt8]? in
                    let bytes = state.session.takeOutput()
                    return bytes.isEmpty && state.ending == nil ? nil : bytes
                }
                guard !bytes.isEmpty else { return true }
                self.wake()
                try await self.base.write(bytes)
            }
        } catch {
            self.end(error)
            return true
        }
    }

    /// False where the connection is over.
    private func receive(_ bytes: [UInt8]) -> Bool {
        self.signal.update { state in
            do throws(YamuxFault) { try state.session.receive(bytes) } catch {
                // yamux §Go Away: 1 is a protocol error.
                state.session.sayFarewell(1)
                state.isClosing = true
                state.ending =
                    state.ending
                    ?? LibP2PError(.protocolViolation, "the peer broke the rules of yamux: \(error.reason)")
            }
            if let code = state.session.goneAway, code != 0, state.ending == nil {
                state.ending = LibP2PError(
                    .closed, "the peer closed the relayed connection: \(ConnectionCode(rawValue: UInt64(code)))",
                    applicationCode: UInt64(code))
            }
            return state.ending == nil
        }
    }

    private func end(_ error: LibP2PError) {
        self.signal.update { state in
            guard state.ending == nil else { return }
            // A peer that said goodbye has closed in good order.
            let code = state.session.goneAway.map { UInt64($0) }
            state.ending =
                code == nil
                ? LibP2PError(.closed, error.description, applicationCode: error.applicationCode)
                : LibP2PError(.closed, "the peer closed the relayed connection", applicationCode: code)
        }
    }
}
