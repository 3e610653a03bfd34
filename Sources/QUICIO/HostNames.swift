internal import CLinuxUDP
internal import Glibc
internal import Synchronization

/// The addresses of host names.
///
///     for address in try await HostNames.resolve("example.com", port: 443) {
///         print(address)  // in the order in which they should be tried (RFC 6724)
///     }
public enum HostNames {
    /// Returns the addresses of a name, in the order that the system prefers, or those of one family.
    ///
    /// A literal is answered at once. A look-up blocks a thread of its own, never the caller's; a cancelled task goes
    /// on at once, without its answer.
    public static func resolve(
        _ host: String, port: UInt16, family: SocketAddress.Family? = nil
    ) async throws(ResolutionError) -> [SocketAddress] {
        if let literal = SocketAddress(parsing: host, port: port) {
            if let family, literal.family != family {
                throw ResolutionError(host, .notFound, "it is not an \(family == .ipv4 ? "IPv4" : "IPv6") address")
            }
            return [literal]
        }
        // RFC 1035 §2.3.4; and C would take the text up to a zero for the whole.
        guard !host.isEmpty, host.utf8.count <= 255, !host.utf8.contains(0) else {
            throw ResolutionError(host, .malformed, "a host name has 1 to 255 bytes, none of them zero")
        }
        let lookup = HostLookup(host: host, port: port, family: family)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                lookup.wait(continuation)
                HostLookup.Pool.shared.submit(lookup)
            }
        } onCancel: {
            lookup.finish(.failure(ResolutionError(host, .cancelled, "the look-up was cancelled")))
        }
        return try answer.get()
    }
}

/// One question to `getaddrinfo`, answered once: by a thread, or by cancellation.
final class HostLookup: Sendable {
    typealias Answer = Result<[SocketAddress], ResolutionError>

    private enum State {
        case asked
        case waiting(CheckedContinuation<Answer, Never>)
        case answered(Answer)
    }

    let host: String
    private let port: UInt16
    private let family: SocketAddress.Family?
    private let state = Mutex(State.asked)

    init(host: String, port: UInt16, family: SocketAddress.Family?) {
        self.host = host
        self.port = port
        self.family = family
    }

    /// Resumes the continuation with the answer, at once if it is there.
    func wait(_ continuation: CheckedContinuation<Answer, Never>) {
        let answer = self.state.withLock { state -> Answer? in
            if case .answered(let answer) = state { return answer }
            state = .waiting(continuation)
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    /// Only the first answer counts.
    func finish(_ answer: Answer) {
        let waiting = self.state.withLock { state -> CheckedContinuation<Answer, Never>? in
            switch state {
            case .asked:
                state = .answered(answer)
                return nil
            case .waiting(let continuation):
                state = .answered(answer)
                return continuation
            case .answered: return nil
            }
        }
        waiting?.resume(returning: answer)
    }

    var isAnswered: Bool {
        self.state.withLock { if case .answered = $0 { true } else { false } }
    }

    /// Asks the system, which may take many seconds.
    func run() {
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe tern_udp_resolve(self.host, Int32(self.family?.rawValue ?? 0), &first)
        guard code == 0 else { return self.finish(.failure(ResolutionError(self.host, code: code))) }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next = unsafe first
        while let entry = unsafe next {
            unsafe next = entry.pointee.ai_next
            if let address = SocketAddress(unsafe tern_udp_from_sockaddr(entry.pointee.ai_addr))?.withPort(self.port),
                self.family == nil || address.family == self.family, !addresses.contains(address)
            {
                addresses.append(address)
            }
        }
        self.finish(
            addresses.isEmpty
                ? .failure(ResolutionError(self.host, .notFound, "it has no such address")) : .success(addresses))
    }
}

extension HostLookup {
    /// A few threads that exist only while there is something to look up.
    final class Pool: Sendable {
        private struct State {
            var waiting: [HostLookup] = []
            var threads = 0
        }

        static let shared = Pool(threads: 8, waiting: 1024)
        private let state = Mutex(State())
        private let maximumThreads: Int
        private let maximumWaiting: Int

        init(threads: Int, waiting: Int) {
            self.maximumThreads = threads
            self.maximumWaiting = waiting
        }

        func submit(_ lookup: HostLookup) {
            enum Decision { case start, wait, refuse }
            let decision = self.state.withLock { state -> Decision in
                // Those whose caller has left take no place.
                if state.waiting.count >= self.maximumWaiting { state.waiting.removeAll(where: \.isAnswered) }
                guard state.waiting.count < self.maximumWaiting else { return .refuse }
                state.waiting.append(lookup)
                guard state.threads < self.maximumThreads else { return .wait }
                state.threads += 1
                return .start
            }
            switch decision {
            case .start: self.startThread()
            case .wait: break
            case .refuse:
                lookup.finish(.failure(ResolutionError(lookup.host, .tooManyLookups, "too many look-ups are waiting")))
            }
        }

        private func startThread() {
            guard let error = LoopThread.tryStart(name: "quic-names", { while self.runNext() {} }) else { return }
            let stranded = self.state.withLock { state -> [HostLookup] in
                state.threads -= 1
                defer { if state.threads == 0 { state.waiting = [] } }
                // Another thread will come to them.
                return state.threads == 0 ? state.waiting : []
            }
            for lookup in stranded {
                lookup.finish(.failure(ResolutionError(lookup.host, .temporary, "no thread to ask with: \(error)")))
            }
        }

        private func runNext() -> Bool {
            let lookup = self.state.withLock { state -> HostLookup? in
                if state.waiting.isEmpty {
                    state.threads -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let lookup else { return false }
            if !lookup.isAnswered { lookup.run() }
            return true
        }
    }
}
