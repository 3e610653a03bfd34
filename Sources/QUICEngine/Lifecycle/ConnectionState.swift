// The life of a connection as types: a step that QUIC does not know has no initialiser.
//
//     Handshaking ──► Connected ──► Confirmed ─┐
//          │              │             │       │ close(), protocol error        (RFC 9000 §10.2.1)
//          ├──────────────┴─────────────┴───────┼──► Closing ──────────┐
//          │                                    │ CONNECTION_CLOSE     │ 3×PTO
//          ├────────────────────────────────────┼──► Draining ─────────┤          (RFC 9000 §10.2.2)
//          │                                    │ idle, reset, …       ▼
//          └────────────────────────────────────┴──────────────────► Closed
//
// This file stands alone, so that scripts/check can prove with the compiler what does not compile.

/// TLS is still being negotiated.
struct Handshaking: ~Copyable {
    init() {}
}

/// TLS is complete (RFC 9001 §4.1.1); the peer may not know it yet.
struct Connected: ~Copyable {
    init(_: consuming Handshaking) {}
}

/// Both ends know that TLS is complete (RFC 9001 §4.1.2): moving to another address is allowed.
struct Confirmed: ~Copyable {
    init(_: consuming Connected) {}
}

/// We closed: the saved packet answers whatever still comes, ever more rarely.
struct Closing: ~Copyable {
    let deadline: UInt64
    private var received = 0
    private var answerAt = 1

    init(_: consuming Handshaking, deadline: UInt64) { self.deadline = deadline }
    init(_: consuming Connected, deadline: UInt64) { self.deadline = deadline }
    init(_: consuming Confirmed, deadline: UInt64) { self.deadline = deadline }

    /// RFC 9000 §10.2.1: answer the 1st, 2nd, 4th, 8th … packet. Returns whether this one is to be answered.
    mutating func receivePacket() -> Bool {
        self.received += 1
        guard self.received == self.answerAt else { return false }
        self.answerAt *= 2
        return true
    }
}

/// The peer closed: we say nothing any more.
struct Draining: ~Copyable {
    let deadline: UInt64

    init(_: consuming Handshaking, deadline: UInt64) { self.deadline = deadline }
    init(_: consuming Connected, deadline: UInt64) { self.deadline = deadline }
    init(_: consuming Confirmed, deadline: UInt64) { self.deadline = deadline }
}

/// Nothing is left.
struct Closed: ~Copyable {
    init(_: consuming Handshaking) {}
    init(_: consuming Connected) {}
    init(_: consuming Confirmed) {}
    init(_: consuming Closing) {}
    init(_: consuming Draining) {}
}

/// The state of one connection. Each method tells whether the step was possible; one that was not changes nothing.
struct ConnectionState: ~Copyable {
    private enum Storage: ~Copyable {
        case handshaking(Handshaking)
        case connected(Connected)
        case confirmed(Confirmed)
        case closing(Closing)
        case draining(Draining)
        case closed(Closed)
    }

    private var storage: Storage = .handshaking(Handshaking())

    init() {}

    /// The state without its payload, for reading.
    var phase: ConnectionPhase {
        switch self.storage {
        case .handshaking: .handshaking
        case .connected: .connected
        case .confirmed: .confirmed
        case .closing: .closing
        case .draining: .draining
        case .closed: .closed
        }
    }

    /// When closing or draining ends, in nanoseconds.
    var deadline: UInt64? {
        switch self.storage {
        case .closing(let state): state.deadline
        case .draining(let state): state.deadline
        default: nil
        }
    }

    mutating func completeHandshake() -> Bool {
        switch consume self.storage {
        case .handshaking(let state):
            self = ConnectionState(.connected(Connected(state)))
            return true
        case let other:
            self = ConnectionState(other)
            return false
        }
    }

    mutating func confirmHandshake() -> Bool {
        switch consume self.storage {
        case .connected(let state):
            self = ConnectionState(.confirmed(Confirmed(state)))
            return true
        case let other:
            self = ConnectionState(other)
            return false
        }
    }

    mutating func startClosing(until deadline: UInt64) -> Bool {
        switch consume self.storage {
        case .handshaking(let state): self = ConnectionState(.closing(Closing(state, deadline: deadline)))
        case .connected(let state): self = ConnectionState(.closing(Closing(state, deadline: deadline)))
        case .confirmed(let state): self = ConnectionState(.closing(Closing(state, deadline: deadline)))
        case let other:
            self = ConnectionState(other)
            return false
        }
        return true
    }

    mutating func startDraining(until deadline: UInt64) -> Bool {
        switch consume self.storage {
        case .handshaking(let state): self = ConnectionState(.draining(Draining(state, deadline: deadline)))
        case .connected(let state): self = ConnectionState(.draining(Draining(state, deadline: deadline)))
        case .confirmed(let state): self = ConnectionState(.draining(Draining(state, deadline: deadline)))
        case let other:
            self = ConnectionState(other)
            return false
        }
        return true
    }

    mutating func close() -> Bool {
        switch consume self.storage {
        case .handshaking(let state): self = ConnectionState(.closed(Closed(state)))
        case .connected(let state): self = ConnectionState(.closed(Closed(state)))
        case .confirmed(let state): self = ConnectionState(.closed(Closed(state)))
        case .closing(let state): self = ConnectionState(.closed(Closed(state)))
        case .draining(let state): self = ConnectionState(.closed(Closed(state)))
        case .closed(let state):
            self = ConnectionState(.closed(state))
            return false
        }
        return true
    }

    /// Whether the saved close packet is to be sent once more for a packet that just came.
    mutating func receivePacketWhileClosing() -> Bool {
        switch consume self.storage {
        case .closing(var state):
            let answers = state.receivePacket()
            self = ConnectionState(.closing(state))
            return answers
        case let other:
            self = ConnectionState(other)
            return false
        }
    }

    private init(_ storage: consuming Storage) { self.storage = storage }
}

/// Where a connection stands in its life.
public enum ConnectionPhase: Sendable {
    /// TLS is being negotiated.
    case handshaking
    /// TLS is complete.
    case connected
    /// Both ends know that TLS is complete.
    case confirmed
    /// We closed and answer late packets.
    case closing
    /// The peer closed and we are silent.
    case draining
    /// Nothing is left.
    case closed

    /// Streams and datagrams can be used.
    public var isOpen: Bool { self == .handshaking || self == .connected || self == .confirmed }
}
