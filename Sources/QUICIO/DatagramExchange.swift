internal import CLinuxUDP
internal import Glibc
internal import Synchronization

/// One question over UDP and its answer, from a socket of its own that is connected: such a socket hears what routers and
/// the peer's host say of the question (ICMP), which the socket of an endpoint with many peers does not.
///
///     let report = await DatagramExchange.ask(server, question, within: .seconds(3), isAnswer: { $0.count > 20 })
///     switch report.outcome {
///     case .answer(let bytes): print("\(bytes) after \(report.time)")
///     case .refused(.connectionRefused): print("the port is closed")
///     case .refused(let error), .unsendable(let error): print(error)
///     case .silence: print("nobody answers \(report.attempts) questions, or a firewall swallows them")
///     case .cancelled: break
///     }
///
/// Whoever sees the question can forge an answer or a refusal.
public final class DatagramExchange: Sendable {
    /// How an exchange ended.
    public enum Outcome: Equatable, Sendable {
        /// The first datagram that is an answer.
        case answer([UInt8])
        /// What the peer's host or a router reported instead: nobody listens there, or it lets nothing through.
        case refused(Errno)
        /// Why the question did not leave this host.
        case unsendable(Errno)
        /// Nobody said anything in time.
        case silence
        /// The task was cancelled.
        case cancelled
    }

    /// An exchange that is over.
    public struct Report: Equatable, Sendable {
        /// How it ended.
        public let outcome: Outcome
        /// How long it took.
        public let time: Duration
        /// How many questions were sent.
        public let attempts: Int
        /// How large an IP packet to the peer may be, as far as this host knows.
        public let mtu: Int?
    }

    private struct State {
        var continuation: CheckedContinuation<Report, Never>?
        var report: Report?
        var attempts = 0
        var nextSending: UInt64 = 0
        var interval: UInt64
    }

    private let loop: EventLoop
    private let socket: UDPSocket
    private let question: [UInt8]
    private let begun = MonotonicClock.now()
    private let deadline: UInt64
    private let isAnswer: @Sendable ([UInt8]) -> Bool
    private let state: Mutex<State>

    /// Sends `question`, again after `interval` and then after twice as long each time, until an answer or an error has
    /// come, or the time is over. `isAnswer` is called on an event loop, for every datagram from `remote`.
    public static func ask(
        _ remote: SocketAddress, _ question: [UInt8], within limit: Duration, interval: Duration = .milliseconds(300),
        isAnswer: @escaping @Sendable ([UInt8]) -> Bool
    ) async -> Report {
        let exchange: DatagramExchange
        do throws(Errno) {
            exchange = try DatagramExchange(remote, question, limit, interval, isAnswer)
        } catch {
            return Report(outcome: .unsendable(error), time: .zero, attempts: 0, mtu: nil)
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
        self.deadline = self.begun &+ Self.nanoseconds(limit)
        self.isAnswer = isAnswer
        self.state = Mutex(State(interval: max(Self.nanoseconds(interval), 1_000_000)))
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(min(seconds, 1 << 31)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    private func begin(_ continuation: CheckedContinuation<Report, Never>) {
        self.loop.run {
            // A task that was cancelled before it came here.
            let report = self.state.withLock { state -> Report? in
                if state.report == nil { state.continuation = continuation }
                return state.report
            }
            if let report { return continuation.resume(returning: report) }
            self.loop.attach(self)
            self.loop.watch(self.socket, for: self)
            self.loop.signal(self)
        }
    }

    /// Only the first outcome counts.
    private func finish(_ outcome: Outcome) {
        let time = MonotonicClock.elapsed(since: self.begun)
        let mtu = self.socket.connectedMTU
        let (waiting, report) = self.state.withLock { state -> (CheckedContinuation<Report, Never>?, Report?) in
            guard state.report == nil else { return (nil, nil) }
            state.report = Report(outcome: outcome, time: time, attempts: state.attempts, mtu: mtu)
            defer { state.continuation = nil }
            return (state.continuation, state.report)
        }
        if waiting != nil { self.loop.detach(self) }
        self.socket.close()
        if let report { waiting?.resume(returning: report) }
    }

    /// Reads what is there: the answer, an error, or nil.
    private func read() -> Outcome? {
        while true {
            switch self.socket.receiveConnected() {
            case .success(let bytes): if self.isAnswer(bytes) { return .answer(bytes) }
            case .failure(.interrupted): continue
            case .failure(.wouldBlock): return nil
            case .failure(let error): return .refused(error)
            }
        }
    }

    /// Sends the question where it is due; returns how that ended the exchange, if it did.
    private func send(_ now: UInt64) -> Outcome? {
        let attempt = self.state.withLock { state -> Int? in
            guard now >= state.nextSending else { return nil }
            state.nextSending = now &+ state.interval
            state.interval = state.interval.multipliedReportingOverflow(by: 2).partialValue
            state.attempts += 1
            return state.attempts
        }
        guard let attempt, let error = self.socket.sendConnected(self.question) else { return nil }
        // Later errors may be what a datagram before met.
        return attempt == 1 ? .unsendable(error) : .refused(error)
    }
}

extension DatagramExchange: LoopClient {
    /// What its event loop calls.
    public func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        guard self.state.withLock({ $0.report == nil }) else { return nil }
        if let outcome = self.read() ?? (now >= self.deadline ? .silence : self.send(now)) {
            self.finish(outcome)
            return nil
        }
        return min(self.deadline, self.state.withLock { $0.nextSending })
    }
}
