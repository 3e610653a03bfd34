// What whoever holds a stream does with it.
extension YamuxSession {
    /// Queues as many of `bytes` as the windows allow, and says how many.
    mutating func write(_ bytes: ArraySlice<UInt8>, to id: UInt32) -> Transfer<Int> {
        guard let stream = self.streams[id] else { return .end }
        if let code = stream.resetCode { return .reset(code) }
        if stream.isFinished { return .end }
        guard !bytes.isEmpty else { return .done(0) }
        let count = min(
            bytes.count, Int(stream.sendWindow), Self.maximumFrame, Self.maximumOutput - self.output.count)
        guard count > 0 else { return .wait }
        self.streams[id]?.spend(count)
        self.send(YamuxFrame(.data, stream: id, number: UInt32(clamping: count)), bytes.prefix(count))
        return .done(count)
    }

    /// The next bytes of the peer, at most `maximum`.
    mutating func read(from id: UInt32, maximum: Int) -> Transfer<[UInt8]> {
        guard let stream = self.streams[id] else { return .end }
        if let code = stream.resetCode { return .reset(code) }
        guard !stream.received.isEmpty else {
            guard stream.isPeerFinished || stream.isDiscarding else { return .wait }
            self.forgetIfOver(id)
            return .end
        }
        let bytes = self.streams[id]?.read(maximum: maximum) ?? []
        self.waiting -= bytes.count
        self.refillWindow(of: id)
        self.forgetIfOver(id)
        return .done(bytes)
    }

    /// Ends our direction.
    mutating func finish(_ id: UInt32) {
        guard let stream = self.streams[id], !stream.isFinished, stream.resetCode == nil else { return }
        self.streams[id]?.isFinished = true
        self.send(YamuxFrame(.windowUpdate, .fin, stream: id))
        self.forgetIfOver(id)
    }

    /// Passes over what the peer sends. yamux has no word for it, so the peer is not told.
    mutating func discard(_ id: UInt32) {
        self.waiting -= self.streams[id]?.received.count ?? 0
        self.streams[id]?.discard()
        self.refillWindow(of: id)
        self.forgetIfOver(id)
    }

    /// Gives both directions up.
    mutating func reset(_ id: UInt32, _ code: StreamCode) {
        guard let stream = self.streams.removeValue(forKey: id), stream.resetCode == nil else { return }
        self.waiting -= stream.received.count
        self.arrivals.removeAll { $0 == id }
        self.send(YamuxFrame(.windowUpdate, .rst, stream: id, number: UInt32(clamping: code.rawValue)))
    }

    /// Gives the peer a new window once half of the old one is used and read.
    mutating func refillWindow(of id: UInt32) {
        guard let stream = self.streams[id], !stream.isPeerFinished, stream.resetCode == nil else { return }
        let goal = Self.initialWindow - UInt32(clamping: stream.received.count)
        guard goal > stream.receiveWindow, goal - stream.receiveWindow >= Self.initialWindow / 2 else { return }
        self.send(YamuxFrame(.windowUpdate, stream: id, number: goal - stream.receiveWindow))
        self.streams[id]?.receiveWindow = goal
    }

    /// A stream is over when both directions have ended and everything was read.
    mutating func forgetIfOver(_ id: UInt32) {
        guard let stream = self.streams[id], stream.isFinished, stream.isPeerFinished, stream.received.isEmpty else {
            return
        }
        self.streams[id] = nil
    }
}
