package import QUICIO
internal import Synchronization

/// A kernel that fails on demand: lets datagrams through to the real one, except where a rule says otherwise.
///
///     let system = ScriptedDatagramSystem()
///     system.fail(send: 1, with: .noBufferSpace)
///     system.failSends(with: .inputOutput) { $0.segments > 1 }
package final class ScriptedDatagramSystem: DatagramSystem {
    private struct Rule: Sendable {
        let error: Errno
        /// How many times it still applies.
        var left: Int
        let matches: @Sendable (OutgoingDatagram) -> Bool
    }

    private struct State: Sendable {
        var sendRules: [Rule] = []
        var receiveErrors: [Errno] = []
        var sends = 0
        var receives = 0
        var injected: [Errno: Int] = [:]
    }

    private let state = Mutex(State())

    /// Creates a kernel that does not fail yet.
    package init() {}

    /// How many datagrams were about to be sent, those that met an error included; a run of segments is one.
    package var sends: Int { self.state.withLock { $0.sends } }
    /// How many receives were tried.
    package var receives: Int { self.state.withLock { $0.receives } }
    /// How often an error was injected.
    package func injected(_ error: Errno) -> Int { self.state.withLock { $0.injected[error, default: 0] } }

    /// Fails the send with this number, the first being 0, counted from now on.
    package func fail(send number: Int, with error: Errno) {
        let countdown = Mutex(number)
        self.failSends(with: error, atMost: 1) { _ in
            countdown.withLock { left in
                defer { left -= 1 }
                return left == 0
            }
        }
    }

    /// Fails sends that match; the rule that was added first decides.
    package func failSends(
        with error: Errno, atMost count: Int = .max,
        where matches: @escaping @Sendable (OutgoingDatagram) -> Bool = { _ in true }
    ) {
        self.state.withLock { $0.sendRules.append(Rule(error: error, left: count, matches: matches)) }
    }

    /// Fails the next receives.
    package func failReceives(with error: Errno, count: Int = 1) {
        self.state.withLock { $0.receiveErrors.append(contentsOf: repeatElement(error, count: count)) }
    }

    /// Becomes a faultless kernel again.
    package func recover() {
        self.state.withLock { state in
            state.sendRules = []
            state.receiveErrors = []
        }
    }

    /// Applies the rules to a datagram.
    package func fault(sending datagram: OutgoingDatagram) -> Errno? {
        self.state.withLock { state in
            state.sends += 1
            for index in state.sendRules.indices where state.sendRules[index].left > 0 {
                guard state.sendRules[index].matches(datagram) else { continue }
                state.sendRules[index].left -= 1
                let error = state.sendRules[index].error
                state.injected[error, default: 0] += 1
                return error
            }
            return nil
        }
    }

    /// Takes the next error for a receive.
    package func faultReceiving() -> Errno? {
        self.state.withLock { state in
            state.receives += 1
            guard !state.receiveErrors.isEmpty else { return nil }
            let error = state.receiveErrors.removeFirst()
            state.injected[error, default: 0] += 1
            return error
        }
    }
}
