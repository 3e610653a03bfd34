/// The sending part of a stream (RFC 9000 §3.1):
///
///     ready ──write/finish──► send ──FIN committed──► dataSent ──all acknowledged──► dataReceived
///       │                      │                        │
///       └────────reset─────────┴───────────reset────────┴──► resetSent ──acknowledged──► resetReceived
///
/// Each method says whether the step was legal; an illegal one changes nothing.
enum SendState: Equatable, Sendable {
    case ready, send, dataSent, dataReceived, resetSent, resetReceived
    /// The stream was opened by the peer and carries nothing in our direction.
    case absent

    var canWrite: Bool { self == .ready || self == .send }
    var isReset: Bool { self == .resetSent || self == .resetReceived }
    var isFinal: Bool { self == .dataReceived || self == .resetReceived || self == .absent }

    mutating func write() -> Bool { self.move(to: .send, from: [.ready, .send]) }
    mutating func commitFIN() -> Bool { self.move(to: .dataSent, from: [.ready, .send]) }
    mutating func acknowledgeAll() -> Bool { self.move(to: .dataReceived, from: [.dataSent]) }
    mutating func reset() -> Bool { self.move(to: .resetSent, from: [.ready, .send, .dataSent]) }
    mutating func acknowledgeReset() -> Bool { self.move(to: .resetReceived, from: [.resetSent]) }

    private mutating func move(to next: SendState, from allowed: [SendState]) -> Bool {
        guard allowed.contains(self) else { return false }
        self = next
        return true
    }
}
