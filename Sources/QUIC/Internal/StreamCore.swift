internal import QUICEngine

/// One stream between the application and the loop: a mailbox for each direction.
///
/// Bytes go through the mailboxes without a hop. The loop hears of a change once, and looks at both.
final class StreamCore: Sendable {
    let id: StreamID
    let connection: QUICConnection
    /// The first bytes came, or went, before the handshake was complete: somebody may have copied them.
    let isEarly: Bool
    let incoming: Monitor<IncomingBytes>
    let outgoing: Monitor<OutgoingBytes>
    let priority: StreamPriority

    init(_ id: StreamID, of connection: QUICConnection, isLocal: Bool, isEarly: Bool, priority: StreamPriority) {
        let limits = connection.limits
        let canRead = id.isBidirectional || !isLocal
        let canWrite = id.isBidirectional || isLocal
        let ledger = connection.router.ledger
        self.id = id
        self.connection = connection
        self.isEarly = isEarly
        self.priority = priority
        self.incoming = Monitor(
            canRead ? IncomingBytes(creditThreshold: limits.creditThreshold) : .absent(id), ledger)
        self.outgoing = Monitor(canWrite ? OutgoingBytes(highWater: limits.writeBuffer) : .absent(id), ledger)
        ledger.openStream()
    }

    /// A stream of a connection that is over.
    init(_ remains: Remains, of connection: QUICConnection) {
        self.id = remains.id
        self.connection = connection
        self.isEarly = remains.isEarly
        self.incoming = remains.incoming
        self.outgoing = remains.outgoing
        self.priority = .normal
        connection.router.ledger.openStream()
    }

    /// What can still be read when the connection is over.
    struct Remains: Sendable {
        let id: StreamID
        let isEarly: Bool
        let incoming: Monitor<IncomingBytes>
        let outgoing: Monitor<OutgoingBytes>
    }

    var remains: Remains {
        Remains(id: self.id, isEarly: self.isEarly, incoming: self.incoming, outgoing: self.outgoing)
    }

    deinit { self.connection.router.ledger.closeStream() }

    /// Has the loop look at the mailboxes in its next turn.
    func signal() { self.connection.router.signal(.stream(self)) }

    /// Waits until bytes or the end are there, and lets `take` have the bytes. nil: the end.
    nonisolated(nonsending) func read<Value: Sendable>(_ take: (inout IncomingBytes) -> Value) async throws(QUICError)
        -> Value?
    {
        let (answer, notice) = try await self.incoming.wait {
            state -> (IncomingBytes.Answer<Value>, IncomingBytes.Notice)? in
            guard let answer = state.read(take) else { return nil }
            return (answer, state.takeNotice())
        }
        self.pass(notice)
        switch answer {
        case .value(let value): return value
        case .end: return nil
        case .failure(let error): throw error
        }
    }

    /// The same for what is here already; nil: nothing is.
    func readNow<Value: Sendable>(_ take: (inout IncomingBytes) -> Value) -> IncomingBytes.Answer<Value>? {
        let (answer, notice) = self.incoming.withLock {
            state -> (IncomingBytes.Answer<Value>?, IncomingBytes.Notice) in
            let answer = state.read(take)
            return (answer, state.takeNotice())
        }
        self.pass(notice)
        return answer
    }

    /// Tells the connection what its reader did. First that there is something to collect, then how much: whoever brings the
    /// sum to where it is worth a turn wakes the loop for all who are in the queue.
    private func pass(_ notice: IncomingBytes.Notice) {
        switch notice.look {
        case .none: break
        case .sometime: self.connection.router.leave(.stream(self))
        case .soon: self.signal()
        }
        if notice.consumed > 0 { self.connection.noteConsumed(notice.consumed) }
    }

    /// Changes what the application wants of its direction, and tells the loop where that is news.
    func change<R: Sendable>(_ body: (inout OutgoingBytes) -> R) -> R {
        let (result, needsSignal) = self.outgoing.withLock { state -> (R, Bool) in
            let result = body(&state)
            return (result, state.needsSignal())
        }
        if needsSignal { self.signal() }
        return result
    }

    /// Gives our direction up; whoever waits to write hears of it.
    func reset(_ code: UInt64) {
        let error = QUICError(.streamEnded, "the stream was reset by this side with code \(code)")
        var needsSignal = false
        self.outgoing.update { state in
            guard state.reset(code, error) else { return false }
            needsSignal = state.needsSignal()
            return true
        }
        if needsSignal { self.signal() }
    }

    /// Says that the peer's direction is not wanted; whoever waits to read hears of it.
    func stop(_ code: UInt64) {
        let error = QUICError(.streamEnded, "reading was stopped by this side with code \(code)")
        var notice = IncomingBytes.Notice()
        self.incoming.update { state in
            guard state.stop(code, error) else { return false }
            notice = state.takeNotice()
            return true
        }
        self.pass(notice)
    }

    /// A scope was left in order: everything written arrives, and what was not read is refused.
    func leave() {
        if self.outgoing.withLock({ $0.isOpen }) { _ = self.change { $0.finish() } }
        if self.incoming.withLock({ !$0.isOver }) { self.stop(0) }
    }

    /// The last handle is gone: what was finished is still delivered, everything else is given up.
    func abandon() {
        if self.outgoing.withLock({ $0.isOpen }) { self.reset(0) }
        if self.incoming.withLock({ !$0.isOver }) { self.stop(0) }
    }
}
