internal import QUICEngine
internal import QUICIO

// Where a datagram goes: by the connection ID of its first packet, and by nothing else.

extension ConnectionRouter {
    /// Routes what came in one buffer: one datagram, or several of one sender that the kernel joined (UDP_GRO).
    func route(_ bytes: RawSpan, _ received: ReceiveRing.Received) {
        guard !received.isTruncated, received.count > 0 else { return self.statistics.drop(.malformed) }
        let path = NetworkPath(local: NetworkAddress(received.local), remote: NetworkAddress(received.remote))
        let ecn = ECN(rawValue: received.ecn) ?? .notCapable
        let size = max(received.segmentSize, 1)
        var rest = bytes
        while rest.byteCount > 0 {
            let count = self.lengthOfRun(rest, segmentSize: size)
            let run = rest.extracting(first: count)
            self.statistics.datagramsReceived &+= UInt64((count + size - 1) / size)
            self.statistics.bytesReceived &+= UInt64(count)
            self.route(run, segmentSize: size, path: path, ecn: ecn)
            if run.byte(at: 0) & 0x80 != 0 { self.hurry() }
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Takes in what another shard got.
    func receive(_ datagram: ForwardedDatagram) {
        datagram.bytes.withRawSpan {
            self.route(
                $0, segmentSize: datagram.bytes.count, path: datagram.path, ecn: datagram.ecn, isForwarded: true)
        }
    }

    /// How many bytes at the front are datagrams with short headers and one connection ID. Between the same two sockets
    /// there may be several connections, so a joined buffer need not be one connection's.
    private func lengthOfRun(_ bytes: RawSpan, segmentSize: Int) -> Int {
        guard bytes.byteCount > segmentSize else { return bytes.byteCount }
        let idLength = self.table.localIDLength
        guard segmentSize > idLength, bytes.byte(at: 0) & 0x80 == 0 else { return segmentSize }
        var offset = segmentSize
        while offset < bytes.byteCount {
            guard bytes.byteCount - offset > idLength, bytes.byte(at: offset) & 0x80 == 0 else { break }
            guard bytes.hasEqualBytes(at: 1, and: offset + 1, count: idLength) else { break }
            offset += segmentSize
        }
        return min(offset, bytes.byteCount)
    }

    private func route(
        _ bytes: RawSpan, segmentSize: Int, path: NetworkPath, ecn: ECN, isForwarded: Bool = false
    ) {
        if bytes.byte(at: 0) & 0x80 == 0 {
            switch self.table.routeShort(bytes) {
            case .connection(let connection): self.deliver(bytes, segmentSize, path, ecn, to: connection)
            case .retired: self.statistics.drop(.retiredConnectionID)
            case .unknown: self.routeUnknownShort(bytes, segmentSize, path, ecn, isForwarded)
            }
            return
        }
        guard let header = StatelessPacket.header(of: bytes, localIDLength: self.table.localIDLength) else {
            return self.handRaw(bytes, from: path)
        }
        switch header {
        case .unknownVersion(let destination, let source):
            self.negotiateVersion(destination, source, size: bytes.byteCount, path: path)
        case .short: self.statistics.drop(.malformed)
        case .long(let version, let destination, let source):
            switch self.table.route(destination) {
            case .connection(let connection): self.deliver(bytes, segmentSize, path, ecn, to: connection)
            case .retired: self.statistics.drop(.retiredConnectionID)
            case .unknown:
                if !isForwarded, self.forward(bytes, destination, path, ecn) { return }
                self.accept(bytes, version, destination, source, path: path, ecn: ecn)
            }
        }
    }

    func deliver(_ bytes: RawSpan, _ size: Int, _ path: NetworkPath, _ ecn: ECN, to connection: QUICConnection) {
        connection.onLoop(bytes, QUICConnection.Arrival(segmentSize: size, path: path, ecn: ecn, now: self.now)) {
            $0.receive($1, $2)
            $0.touch()
        }
    }

    /// Nobody here has the ID. It may be another shard's, a stateless reset, not QUIC at all, or of a connection that
    /// this host has lost.
    private func routeUnknownShort(
        _ bytes: RawSpan, _ size: Int, _ path: NetworkPath, _ ecn: ECN, _ isForwarded: Bool
    ) {
        if let id = ConnectionID(bytes, offset: 1, count: self.table.localIDLength), !isForwarded,
            self.forward(bytes, id, path, ecn)
        {
            return
        }
        // RFC 9000 §10.3.1: a datagram whose last bytes are a token of the peer's is a stateless reset.
        if let connection = self.table.owner(ofResetIn: bytes) {
            return self.deliver(bytes, bytes.byteCount, path, ecn, to: connection)
        }
        // RFC 9443 §3: what has the fixed bit clear is some other protocol's, unless the bit was greased.
        if bytes.byte(at: 0) & 0x40 == 0, self.handRawIfWanted(bytes, from: path) { return }
        // A packet of a connection whose ID is not known here: the address tells whose it probably is, and decryption
        // whether that is so. No ID is learned from it.
        if let connection = self.table.fallback(for: path.remote) {
            return self.deliver(bytes, size, path, ecn, to: connection)
        }
        self.resetStatelessly(bytes, path: path)
    }

    /// Passes a datagram on to the shard that its connection ID names.
    private func forward(_ bytes: RawSpan, _ id: ConnectionID, _ path: NetworkPath, _ ecn: ECN) -> Bool {
        let routers = self.endpoint.routers
        guard routers.count > 1, let number = self.generator.shard(of: id), Int(number) != self.shard,
            Int(number) < routers.count
        else { return false }
        let copy = ForwardedDatagram(bytes: [UInt8](copying: bytes), path: path, ecn: ecn)
        if routers[Int(number)].signal(.forwarded(copy)) {
            self.statistics.forwarded &+= 1
        } else {
            self.statistics.drop(.queueFull)
        }
        return true
    }

    private func handRaw(_ bytes: RawSpan, from path: NetworkPath) {
        if !self.handRawIfWanted(bytes, from: path) { self.statistics.drop(.malformed) }
    }

    private func handRawIfWanted(_ bytes: RawSpan, from path: NetworkPath) -> Bool {
        guard let handler = self.endpoint.rawHandler else { return false }
        self.statistics.rawDatagrams &+= 1
        handler([UInt8](copying: bytes), path.remote)
        return true
    }
}
