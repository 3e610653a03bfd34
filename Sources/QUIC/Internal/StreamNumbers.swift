internal import QUICEngine

/// The numbers of the streams that we open: given out without asking the loop, which opens them in the same order.
struct StreamNumbers: Sendable {
    private struct Direction: Sendable {
        var opened: UInt64 = 0
        var allowed: UInt64 = 0
    }

    private var bidirectional = Direction()
    private var unidirectional = Direction()
    private let isServer: Bool
    /// Streams that the loop has to open.
    private(set) var waiting: [StreamCore] = []
    private var isSignalled = false
    /// Why no stream can be opened any more.
    private(set) var obstacle: QUICError?
    /// Streams that are opened now go out as 0-RTT data.
    var isEarly = false

    init(isServer: Bool) { self.isServer = isServer }

    /// The next number; nil: the peer allows no more now (RFC 9000 §4.6).
    mutating func take(_ direction: StreamDirection) -> StreamID? {
        switch direction {
        case .bidirectional: Self.take(&self.bidirectional, self.isServer ? 1 : 0)
        case .unidirectional: Self.take(&self.unidirectional, self.isServer ? 3 : 2)
        }
    }

    private static func take(_ direction: inout Direction, _ type: UInt64) -> StreamID? {
        guard direction.opened < direction.allowed else { return nil }
        defer { direction.opened += 1 }
        return StreamID(Int64(clamping: direction.opened << 2 | type))
    }

    /// Queues a stream for the loop. True: the loop has to be told.
    mutating func enqueue(_ core: StreamCore) -> Bool {
        self.waiting.append(core)
        defer { self.isSignalled = true }
        return !self.isSignalled
    }

    /// The loop takes over what is to be opened.
    mutating func takeWaiting() -> [StreamCore] {
        self.isSignalled = false
        guard !self.waiting.isEmpty else { return [] }
        defer { self.waiting.removeAll(keepingCapacity: true) }
        return self.waiting
    }

    /// The peer allows `left` more than were opened at the engine. True where that is more than before.
    mutating func allow(_ left: UInt64, opened: UInt64, _ direction: StreamDirection) -> Bool {
        let (allowed, overflow) = opened.addingReportingOverflow(left)
        let bound: UInt64 = overflow ? 1 << 60 : min(allowed, 1 << 60)
        switch direction {
        case .bidirectional:
            defer { self.bidirectional.allowed = max(bound, self.bidirectional.allowed) }
            return bound > self.bidirectional.allowed
        case .unidirectional:
            defer { self.unidirectional.allowed = max(bound, self.unidirectional.allowed) }
            return bound > self.unidirectional.allowed
        }
    }

    /// How many were given out.
    func opened(_ direction: StreamDirection) -> UInt64 {
        direction == .bidirectional ? self.bidirectional.opened : self.unidirectional.opened
    }

    /// 0-RTT was refused: what the server allowed in an earlier session says nothing any more.
    mutating func forgetLimits() {
        self.bidirectional.allowed = self.bidirectional.opened
        self.unidirectional.allowed = self.unidirectional.opened
    }

    /// Of those that were given out, the server takes only so many: the other numbers will be given out again.
    mutating func giveBack(_ direction: StreamDirection, opened: UInt64) {
        let state = Direction(opened: opened, allowed: opened)
        if direction == .bidirectional { self.bidirectional = state } else { self.unidirectional = state }
    }

    mutating func fail(_ error: QUICError) -> Bool {
        guard self.obstacle == nil else { return false }
        self.obstacle = error
        return true
    }
}
