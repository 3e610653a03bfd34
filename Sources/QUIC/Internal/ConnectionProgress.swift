internal import QUICEngine

/// How far a connection has come: read by any task, written by the loop.
struct ConnectionProgress: Sendable {
    var path: NetworkPath
    var summary: HandshakeSummary?
    var isConfirmed = false
    /// Whether the server took our 0-RTT data; nil until it is known.
    var acceptedEarlyData: Bool?
    var error: QUICError?
    var pings = 0
    var latestPing = Duration.zero
    /// How validations of paths ended, the latest last.
    private(set) var validations: [PathValidation] = []
    private(set) var validationCount = 0

    struct PathValidation: Sendable {
        let number: Int
        let path: NetworkPath
        let succeeded: Bool
    }

    init(path: NetworkPath) { self.path = path }

    mutating func note(_ path: NetworkPath, succeeded: Bool) {
        self.validationCount += 1
        self.validations.append(.init(number: self.validationCount, path: path, succeeded: succeeded))
        if self.validations.count > 8 { self.validations.removeFirst() }
    }

    /// How the validation of `path` ended, if it did after `number`.
    func validation(of path: NetworkPath, after number: Int) -> Bool? {
        self.validations.last { $0.path == path && $0.number > number }?.succeeded
    }
}

/// What an application wants of a connection as a whole.
struct ConnectionWishes: Sendable {
    var close: Close?
    private var isSignalled = false

    struct Close: Sendable {
        let code: UInt64
        let reason: String
    }

    /// The first close counts. True: the loop has to be told.
    mutating func wantClose(_ close: Close) -> Bool {
        if self.close == nil { self.close = close }
        defer { self.isSignalled = true }
        return !self.isSignalled
    }

    mutating func takeClose() -> Close? {
        self.isSignalled = false
        defer { self.close = nil }
        return self.close
    }
}

/// Events for an application that looks: the newest are kept.
struct EventBox: Sendable {
    private var events = RingBuffer<QUICConnectionEvent>()
    private var isOver = false

    /// The latest are kept, as many as this.
    static let limit = 64

    mutating func append(_ event: QUICConnectionEvent) -> Bool {
        if self.events.count >= Self.limit { _ = self.events.popFirst() }
        self.events.append(event)
        return true
    }

    mutating func append(_ news: [QUICConnectionEvent]) -> Bool {
        for event in news { _ = self.append(event) }
        return !news.isEmpty
    }

    /// nil: wait.
    mutating func take() -> QUICConnectionEvent?? {
        if let event = self.events.popFirst() { return .some(event) }
        return self.isOver ? .some(nil) : nil
    }

    mutating func end() -> Bool {
        self.isOver = true
        return true
    }
}
