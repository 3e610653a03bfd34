extension ConnectionEngine {
    /// The largest datagram that can be sent now; 0 where the peer accepts none. It grows with the path's MTU.
    public var maximumDatagramSize: Int {
        self.connection.map { self.maximumDatagramSize($0) } ?? 0
    }

    private func maximumDatagramSize(_ connection: NGTCP2Connection) -> Int {
        guard let limit = connection.datagramLimit, limit > 0 else { return 0 }
        return max(min(self.datagramRoom(connection), limit - 3), 0)
    }

    /// What the path's packets have room for beside header, packet number, tag, frame type and length.
    func datagramRoom(_ connection: NGTCP2Connection) -> Int {
        let ids = connection.destinationLength
        let header = self.phase == .handshaking ? 1 + 4 + 2 + ids + self.context.generator.length + 2 : 1 + ids
        return connection.pathMaximumPayload - header - 4 - 16 - 3
    }

    /// Queues a datagram (RFC 9221) and returns the number by which its fate will be told.
    ///
    /// Throws ``EngineError/Code/queueFull`` where too many wait: unreliable data that waits is better dropped by
    /// whoever knows which.
    @discardableResult
    public func sendDatagram(_ bytes: consuming [UInt8]) throws(EngineError) -> UInt64 {
        let connection = try self.openConnection()
        // An empty datagram trips an assertion of ngtcp2 up to 1.11.
        guard !bytes.isEmpty else { throw EngineError(.datagramNotPossible, "an empty datagram can't be sent") }
        let limit = self.maximumDatagramSize(connection)
        guard limit > 0 else {
            throw EngineError(
                .datagramNotPossible,
                "the peer accepts no datagrams, or has not said so yet: wait for handshakeCompleted")
        }
        guard bytes.count <= limit else {
            throw EngineError(.datagramNotPossible, "a datagram of \(bytes.count) bytes is too long: \(limit) fit")
        }
        let id = self.nextDatagramID
        guard self.datagrams.append(.init(id: id, payload: bytes)) else {
            self.context.statistics.datagramFramesDropped &+= 1
            throw EngineError(
                .queueFull, "\(self.datagrams.count) datagrams wait to be sent already: drop or slow down")
        }
        self.nextDatagramID &+= 1
        return id
    }

    /// Takes the next datagram that arrived; nil where none waits.
    public func readDatagram() -> [UInt8]? {
        self.context.requireOutside()
        guard let item = self.context.received.popFirst() else {
            self.context.readableDatagramsSignalled = false
            return nil
        }
        return item.payload
    }

    /// Whether a datagram of this size finds room among those that wait.
    public func hasRoomForDatagram(of size: Int) -> Bool { self.datagrams.hasRoom(for: size) }

    /// How many datagrams wait to be sent.
    public var datagramsQueued: Int { self.datagrams.count }
}
