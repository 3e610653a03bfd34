internal import CLinuxUDP
internal import Glibc
internal import Synchronization

/// One question over UDP and its answer, from a socket of its own that is connected: such a socket hears what routers and
/// the peer's host say of the question (ICMP), which the socket of an endpoint with many peers does not.
///
///     switch await DatagramExchange.ask(server, question, within: .seconds(3), isAnswer: { $0.count > 20 }) {
///     case .answer(let bytes): print(bytes)
///     case .error(.connectionRefused): print("the port is closed")
///     case .error(let error): print(error)
///     case .silence: print("nobody answers, or a firewall swallows it")
///     case .cancelled: break
///     }
public final class DatagramExchange: Sendable {
    /// How an exchange ended.
    public enum Outcome: Equatable, Sendable {
        /// The first datagram that is an answer.
        case answer([UInt8])
        /// What a router, the peer's host or this one reported instead.
        case error(Errno)
        /// Nobody said anything in time.
        case silence
        /// The task was cancelled.
        case cancelled
    }

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
        var nextSending: UInt64 = 0
        var interval: UInt64
    }

    private let loop: EventLoop
    private let socket: UDPSocket
    private let question: [UInt8]
    private let deadline: UInt64
    private let isAnswer: @Sendable ([UInt8]) -> Bool
    private let state: Mutex<State>

    /// Sends `question`, again after `interval` and then after twice as long each time, until an answer or an error has
    /// come, or the time is over. `isAnswer` is called on an event loop, for every datagram from `remote`.
    public static func ask(
        _ remote: SocketAddress, _ question: [UInt8], within limit: Duration, interval: Duration = .milliseconds(300),
        isAnswer: @escaping @Sendable ([UInt8]) -> Bool
    ) async -> Outcome {
        let exchange: DatagramExchange
        do throws(Errno) {
            exchange = try DatagramExchange(remote, question, limit, interval, isAnswer)
        } catch {
            return .error(error)
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { exchange.begin($0) }
        } onCancel: {
            exchange.loop.run { exchange.finish(.cancelled) }
        }
    }

    private init(
        _ remote: SocketAddress, _ question: [UInt8], _ limit: Duration, _ interval: Duration,
        _ isAnswer: @escaping @Sendable ([UInt8]) -> Bool
    ) throws(Errno) {
        self.loop = .shared(0)
        guard self.loop.isOpen else { throw .tooManyOpenFiles }
        self.socket = try UDPSocket.connected(to: remote)
        self.question = question
        self.deadline = MonotonicClock.now() &+ Self.nanoseconds(limit)
        self.isAnswer = isAnswer
        self.state = Mutex(State(interval: max(Self.nanoseconds(interval), 1_000_000)))
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(min(seconds, 1 << 31)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    private func begin(_ continuation: CheckedContinuation<Outcome, Never>) {
        self.loop.run {
            // A task that was cancelled before it came here.
            let outcome = self.state.withLock { state -> Outcome? in
                if state.outcome == nil { state.continuation = continuation }
                return state.outcome
            }
            if let outcome { return continuation.resume(returning: outcome) }
            self.loop.attach(self)
            self.loop.watch(self.socket, for: self)
            self.loop.signal(self)
        }
    }

    /// Only the first outcome counts.
    private func finish(_ outcome: Outcome) {
        let waiting = self.state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.continuation = nil }
            return state.continuation
        }
        if waiting != nil { self.loop.detach(self) }
        self.socket.close()
        waiting?.resume(returning: outcome)
    }

    /// Reads what is there: the answer, an error, or nil.
    private func read() -> Outcome? {
        while true {
            switch self.socket.receiveConnected() {
            case .success(let bytes): if self.isAnswer(bytes) { return .answer(bytes) }
            case .failure(.interrupted): continue
            case .failure(.wouldBlock): return nil
            case .failure(let error): return .error(error)
            }
        }
    }

    /// Sends the question where it is due; returns when that is next, or an error.
    private func send(_ now: UInt64) -> Result<UInt64, Errno> {
        let isDue = self.state.withLock { state in
            guard now >= state.nextSending else { return false }
            state.nextSending = now &+ state.interval
            state.interval = state.interval.multipliedReportingOverflow(by: 2).partialValue
            return true
        }
        if isDue, let error = self.socket.sendConnected(self.question) { return .failure(error) }
        return .success(self.state.withLock { $0.nextSending })
    }
}

extension DatagramExchange: LoopClient {
    /// What its event loop calls.
    public func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        guard self.state.withLock({ $0.outcome == nil }) else { return nil }
        var outcome = self.read()
        if outcome == nil, now >= self.deadline { outcome = .silence }
        var next = self.deadline
        if outcome == nil {
            switch self.send(now) {
            case .success(let due): next = min(next, due)
            case .failure(let error): outcome = .error(error)
            }
        }
        guard let outcome else { return next }
        self.finish(outcome)
        return nil
    }
}
