internal import QUICEngine
internal import Synchronization

/// A stream made secure: TLS 1.3 over another stream, as libp2p does it where the way goes through a relay
/// (tls §Handshake Protocol). Both sides may read and write at once.
final class SecureStream: DuplexStream {
    private let base: any DuplexStream
    private let channel: Mutex<TLSChannel>
    /// Records go out in the order in which they were encrypted: one task encrypts and sends at a time.
    private let writing = StreamLock()
    private let reading = StreamLock()

    private init(_ base: any DuplexStream, _ channel: sending TLSChannel) {
        self.base = base
        self.channel = Mutex(channel)
    }

    /// Does the handshake; `trust` decides on the certificate of the peer.
    static func open(
        over base: any DuplexStream, as role: TLSChannel.Role, identity: TLSIdentity, trust: TrustPolicy
    ) async throws(LibP2PError) -> SecureStream {
        let channel: TLSChannel
        do {
            channel = try TLSChannel(
                role, identity: identity, protocols: [LibP2PTrust.applicationProtocol], trust: trust)
        } catch {
            throw LibP2PError(.invalidConfiguration, "TLS can't be started: \(error.message)")
        }
        let stream = SecureStream(base, channel)
        do throws(LibP2PError) {
            try await stream.handshake()
        } catch {
            // An alert that is on its way must not be overtaken.
            if error.code == .cancelled { base.reset(code: .none) } else { base.stopReading(code: .none) }
            throw error
        }
        return stream
    }

    /// Who is at the other end.
    var peer: AuthenticatedPeer? { LibP2PTrust.peer(of: self.channel.withLock { $0.peerCertificate }) }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        try await self.reading.withLock { () async throws(LibP2PError) -> [UInt8]? in
            while true {
                switch try await self.perform({ channel throws(TLSChannelError) in try channel.read(maximum: maximum) })
                {
                case .bytes(let bytes): return bytes
                case .end: return nil
                case .needsInput: try await self.feed()
                }
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) {
        try await self.writing.withLock { () async throws(LibP2PError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let record = rest.prefix(TLSChannel.maximumRecord)
                rest = rest.dropFirst(record.count)
                try await self.perform { channel throws(TLSChannelError) in try channel.write(record) }
                do throws(LibP2PError) { try await self.flush() } catch { throw await self.reason(for: error) }
            }
        }
    }

    func finish() throws(LibP2PError) {
        // Not structured: the farewell is a record like others, and waits for its turn.
        Task {
            try? await self.writing.withLock { () async throws(LibP2PError) in
                self.channel.withLock { $0.close() }
                try await self.flush()
            }
            try? self.base.finish()
        }
    }

    func stopReading(code: StreamCode) { self.base.stopReading(code: code) }

    func reset(code: StreamCode) { self.base.reset(code: code) }

    private func handshake() async throws(LibP2PError) {
        while true {
            let isDone = try await self.perform { channel throws(TLSChannelError) in try channel.advance() }
            try await self.flush()
            if isDone { return }
            try await self.feed()
        }
    }

    /// Gives TLS the next bytes of the stream below.
    private func feed() async throws(LibP2PError) {
        // TLS has asked for more, so what it has is less than one record.
        let bytes = try await self.base.read(maximum: TLSChannel.maximumRecord)
        try await self.perform { channel throws(TLSChannelError) in
            if let bytes { try channel.receive(bytes) } else { channel.endInput() }
        }
    }

    private func flush() async throws(LibP2PError) {
        let bytes = self.channel.withLock { $0.takeOutput() }
        if !bytes.isEmpty { try await self.base.write(bytes) }
    }

    /// A server judges a client after the client thinks the handshake done (RFC 8446 §4.4), and wants no more of it then.
    /// The alert that says why is on its way.
    private func reason(for error: LibP2PError) async -> LibP2PError {
        guard error.code == .streamStopped, !self.channel.withLock({ $0.hasReceivedData }) else { return error }
        do throws(LibP2PError) { _ = try await self.read(maximum: 1) } catch let alert {
            if alert.code == .handshakeRejected { return alert }
        }
        return error
    }

    /// Where TLS fails, the peer is told why.
    private func perform<R: Sendable>(
        _ body: @Sendable (TLSChannel) throws(TLSChannelError) -> R
    ) async throws(LibP2PError) -> R {
        let result = self.channel.withLock { channel -> Result<R, TLSChannelError> in
            do throws(TLSChannelError) { return .success(try body(channel)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let failure):
            try? await self.flush()
            try? self.base.finish()
            throw Self.error(for: failure, wasEstablished: self.channel.withLock { $0.isEstablished })
        }
    }

    private static func error(for failure: TLSChannelError, wasEstablished: Bool) -> LibP2PError {
        // A server judges a client after the client thinks the handshake done: an alert is a refusal whenever it comes.
        guard let alert = failure.alert else { return LibP2PError(.closed, failure.reason) }
        let code = LibP2PError.Code.handshakeRejected
        if failure.isFromPeer { return LibP2PError(code, failure.reason, applicationCode: UInt64(alert.rawValue)) }
        return LibP2PError(wasEstablished ? .protocolViolation : .wrongPeer, failure.reason)
    }
}
