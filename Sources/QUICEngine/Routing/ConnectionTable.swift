/// Which connection a packet belongs to, by its destination connection ID (RFC 9000 §5.2).
///
/// Three kinds of routes are kept apart: the IDs that clients chose for their first packets, the IDs that we issued,
/// and the ones that were retired not long ago, so that late packets are dropped and not answered by a reset.
/// Routes point to handles; a handle never moves, and only its owner's routes go when it does.
///
///     var table = ConnectionTable<Int>()
///     table.insertInitial(clientChosen, for: 7)
///     table.issue(issued, to: 7)
///     table.route(issued.id)  // .connection(7)
public struct ConnectionTable<Handle: Hashable> {
    /// Where a packet goes.
    public enum Route: Equatable {
        /// To this connection.
        case connection(Handle)
        /// Nowhere: its ID was retired a moment ago.
        case retired
        /// Nobody knows the ID.
        case unknown
    }

    private struct Owned {
        var initial: ConnectionID?
        var issued: [IssuedConnectionID] = []
    }

    private var issued: [ConnectionID: Handle] = [:]
    private var initial: [ConnectionID: Handle] = [:]
    private var retired: [ConnectionID: EngineInstant] = [:]
    private var expiries: [(id: ConnectionID, at: EngineInstant)] = []
    private var owned: [Handle: Owned] = [:]

    /// Creates an empty table.
    public init() {}

    /// How many connections have routes.
    public var connectionCount: Int { self.owned.count }
    /// How many issued IDs are routed.
    public var issuedCount: Int { self.issued.count }
    /// How many client-chosen IDs are routed.
    public var initialCount: Int { self.initial.count }
    /// How many retired IDs are remembered.
    public var retiredCount: Int { self.retired.count }

    /// Finds the way of a packet.
    public func route(_ id: ConnectionID) -> Route {
        if let handle = self.issued[id] ?? self.initial[id] { return .connection(handle) }
        return self.retired[id] == nil ? .unknown : .retired
    }

    /// Routes the ID that a client chose. False where another connection has it: the newcomer is to be dropped.
    public mutating func insertInitial(_ id: ConnectionID, for handle: Handle) -> Bool {
        guard self.issued[id] == nil, self.initial[id] == nil || self.initial[id] == handle else { return false }
        self.initial[id] = handle
        self.retired[id] = nil
        self.owned[handle, default: Owned()].initial = id
        return true
    }

    /// Retires the ID that the client chose: the handshake is confirmed. Late packets are swallowed until `expiry`,
    /// so that a delayed first packet does not open a second connection.
    public mutating func removeInitial(of handle: Handle, until expiry: EngineInstant) {
        guard let id = self.owned[handle]?.initial else { return }
        self.initial[id] = nil
        self.owned[handle]?.initial = nil
        self.bury(id, until: expiry)
    }

    /// Routes an ID that the connection issued. False where another connection has it: a collision.
    public mutating func issue(_ id: IssuedConnectionID, to handle: Handle) -> Bool {
        guard self.issued[id.id] == nil || self.issued[id.id] == handle else { return false }
        self.issued[id.id] = handle
        self.retired[id.id] = nil
        var own = self.owned[handle, default: Owned()]
        if !own.issued.contains(where: { $0.id == id.id }) {
            own.issued.append(id)
            own.issued.sort { $0.sequenceNumber < $1.sequenceNumber }
        }
        self.owned[handle] = own
        return true
    }

    /// Retires an ID; late packets are swallowed until `expiry`. Only the connection that issued it may.
    public mutating func retire(_ id: ConnectionID, of handle: Handle, until expiry: EngineInstant) {
        guard self.issued[id] == handle else { return }
        self.issued[id] = nil
        self.owned[handle]?.issued.removeAll { $0.id == id }
        self.bury(id, until: expiry)
    }

    /// The IDs of a connection, in order of their numbers.
    public func connectionIDs(of handle: Handle) -> [IssuedConnectionID] { self.owned[handle]?.issued ?? [] }

    /// Removes all routes of a connection; its IDs are remembered as retired until `expiry`.
    public mutating func remove(_ handle: Handle, rememberingUntil expiry: EngineInstant) {
        self.removeInitial(of: handle, until: expiry)
        guard let own = self.owned.removeValue(forKey: handle) else { return }
        for id in own.issued where self.issued[id.id] == handle {
            self.issued[id.id] = nil
            self.bury(id.id, until: expiry)
        }
    }

    /// Forgets retired IDs whose time is over.
    public mutating func forgetRetired(now: EngineInstant) {
        guard self.expiries.contains(where: { $0.at <= now }) else { return }
        for (id, at) in self.expiries where at <= now && (self.retired[id] ?? EngineInstant(nanoseconds: .max)) <= now {
            self.retired[id] = nil
        }
        self.expiries.removeAll { $0.at <= now }
    }

    private mutating func bury(_ id: ConnectionID, until expiry: EngineInstant) {
        self.retired[id] = expiry
        self.expiries.append((id, expiry))
    }
}
