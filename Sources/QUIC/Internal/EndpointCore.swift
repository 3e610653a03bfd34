internal import QUICEngine
internal import QUICIO
internal import Synchronization

/// What the shards of an endpoint share.
final class EndpointCore: Sendable {
    let configuration: QUICEndpointConfiguration
    let keys: EndpointKeys
    /// What its sockets talk to: the kernel, or a test's.
    let system: any DatagramSystem
    let ledger = Ledger()
    let backlog: Monitor<ConnectionBacklog>
    let terminations: Monitor<Int>
    private let state = Mutex(State())

    private struct State {
        var routers: [ConnectionRouter] = []
        var listener: QUICServerConfiguration?
        var rawHandler: (@Sendable ([UInt8], NetworkAddress) -> Void)?
        var isShuttingDown = false
        var isClosed = false
        var nextShard = 0
    }

    init(_ configuration: QUICEndpointConfiguration, keys: EndpointKeys, system: any DatagramSystem) {
        self.system = system
        self.configuration = configuration
        self.keys = keys
        self.backlog = Monitor(ConnectionBacklog(), self.ledger)
        self.terminations = Monitor(0, self.ledger)
    }

    var routers: [ConnectionRouter] { self.state.withLock { $0.routers } }

    func setRouters(_ routers: [ConnectionRouter]) { self.state.withLock { $0.routers = routers } }

    var listener: QUICServerConfiguration? { self.state.withLock { $0.listener } }

    func setListener(_ listener: QUICServerConfiguration?) { self.state.withLock { $0.listener = listener } }

    var rawHandler: (@Sendable ([UInt8], NetworkAddress) -> Void)? { self.state.withLock { $0.rawHandler } }

    func setRawHandler(_ handler: (@Sendable ([UInt8], NetworkAddress) -> Void)?) {
        self.state.withLock { $0.rawHandler = handler }
    }

    var isShuttingDown: Bool { self.state.withLock { $0.isShuttingDown } }

    /// False: somebody else did before.
    func beginShutdown() -> Bool {
        self.state.withLock { state in
            defer { state.isShuttingDown = true }
            return !state.isShuttingDown
        }
    }

    /// False: it is closed already.
    func close() -> Bool {
        self.state.withLock { state in
            defer {
                state.isShuttingDown = true
                state.isClosed = true
            }
            return !state.isClosed
        }
    }

    /// The last handle of a closed endpoint is gone: routers and this hold each other.
    func letGo() {
        let routers = self.state.withLock { state -> [ConnectionRouter] in
            guard state.isClosed else { return [] }
            defer { state.routers = [] }
            return state.routers
        }
        _ = consume routers
    }

    /// The router that dials next: they take turns.
    func nextRouter() throws(QUICError) -> ConnectionRouter {
        let router = self.state.withLock { state -> ConnectionRouter? in
            guard !state.isShuttingDown, !state.routers.isEmpty else { return nil }
            defer { state.nextShard = (state.nextShard + 1) % state.routers.count }
            return state.routers[state.nextShard]
        }
        guard let router else { throw .endpointClosed }
        return router
    }

    var backlogCount: Int { self.backlog.withLock { $0.count } }

    /// A connection whose handshake is complete, for whoever accepts.
    func offer(_ connection: QUICConnection) {
        guard connection.context.accepts else { return }
        var isTaken = false
        self.backlog.update { state in
            isTaken = state.append(connection)
            return isTaken
        }
        if !isTaken { connection.close(code: 0, reason: "the server shuts down") }
    }

    func noteTermination() {
        self.terminations.update { count in
            count += 1
            return true
        }
    }

    func warn(_ text: String) { self.configuration.onWarning?(text) }
}

/// Connections that wait to be accepted, those that are over already among them: who accepts hears why, and can read what
/// they brought.
struct ConnectionBacklog: Sendable {
    private var connections = RingBuffer<QUICConnection>()
    private var isOver = false

    var count: Int { self.connections.count }

    mutating func append(_ connection: QUICConnection) -> Bool {
        guard !self.isOver else { return false }
        self.connections.append(connection)
        return true
    }

    /// nil: wait.
    mutating func take() -> QUICConnection?? {
        if let connection = self.connections.popFirst() { return .some(connection) }
        return self.isOver ? .some(nil) : nil
    }

    mutating func end() -> Bool {
        self.isOver = true
        return true
    }

    /// The endpoint is closed: what nobody has accepted, nobody will.
    mutating func removeAll() { self.connections.removeAll() }
}
