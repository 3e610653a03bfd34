internal import QUICEngine
internal import Synchronization

/// What the loop should look at in its next turn: written by any thread, emptied once per turn.
final class SignalQueue: Sendable {
    enum Signal: Sendable {
        /// The application wrote to, read from or ended a stream.
        case stream(StreamCore)
        /// It wants something else of a connection.
        case connection(QUICConnection)
        /// Another shard received a datagram that is for this one.
        case forwarded(ForwardedDatagram)
        /// A datagram that is not QUIC is to be sent.
        case raw([UInt8], NetworkAddress)
    }

    private struct State {
        var signals: [Signal] = []
        var bulk = 0
        /// The loop was told that something is here.
        var isTold = false
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Forwarded and raw datagrams are dropped above this; the rest is bounded by the number of streams.
    private let bulkLimit: Int

    init(bulkLimit: Int) { self.bulkLimit = bulkLimit }

    enum Outcome { case first, queued, refused }

    /// `.first` says that the loop has to be told. What `canWait` is looked at when the loop has another reason to.
    func add(_ signal: Signal, canWait: Bool = false) -> Outcome {
        self.state.withLock { state in
            guard !state.isClosed else { return .refused }
            switch signal {
            case .forwarded, .raw:
                guard state.bulk < self.bulkLimit else { return .refused }
                state.bulk += 1
            case .stream, .connection: break
            }
            state.signals.append(signal)
            if canWait || state.isTold { return .queued }
            state.isTold = true
            return .first
        }
    }

    /// Nobody will look any more: what is queued goes, and nothing is kept from now on, least of all the connections that
    /// keep this queue.
    func close() {
        let left = self.state.withLock { state -> [Signal] in
            state.isClosed = true
            defer { state.signals = [] }
            return state.signals
        }
        // Whatever goes with them goes outside the lock: it may signal.
        _ = left
    }

    var isEmpty: Bool { self.state.withLock { $0.signals.isEmpty } }

    /// Swaps the queue for the empty `buffer`, so that no room is given up.
    func drain(into buffer: inout [Signal]) {
        self.state.withLock { state in
            swap(&state.signals, &buffer)
            state.bulk = 0
            state.isTold = false
        }
    }
}

/// A datagram on its way from the shard whose socket got it to the one whose connection it is for.
struct ForwardedDatagram: Sendable {
    let bytes: [UInt8]
    let path: NetworkPath
    let ecn: ECN
}
