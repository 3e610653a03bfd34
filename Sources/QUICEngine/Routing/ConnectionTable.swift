/// Which connection a packet belongs to, by its destination connection ID (RFC 9000 §5.2).
///
/// Routes of different kinds are kept apart: the IDs that clients chose for their first packets, the IDs that we issued
/// for connections in their handshake and for established ones, and the ones that were retired not long ago, so that
/// late packets are dropped and not answered by a reset. Routes point to handles; a handle never moves, and only its
/// owner's routes go when it does.
///
///     let table = ConnectionTable<Int>()
///     table.insertInitial(clientChosen, for: 7)
///     table.issue(issued, to: 7)
///     table.route(issued.id)  // .connection(7)
///     table.promote(7)
///
/// Nothing here depends on how many connections there are, except that retiring costs the depth of a heap. It is a class
/// because a look-up in a structure of this size, compiled for any handle, began by copying it.
public final class ConnectionTable<Handle: Hashable> {
    /// Where a packet goes.
    public enum Route: Equatable {
        /// To this connection.
        case connection(Handle)
        /// Nowhere: its ID was retired a moment ago.
        case retired
        /// Nobody knows the ID.
        case unknown
    }

    /// How many bytes the IDs have that we issue: short headers do not say.
    public let localIDLength: Int
    /// How many retired IDs are remembered.
    public var tombstoneLimit: Int { self.tombstones.limit }

    // The maps hold slot numbers and not handles: they are the same for every kind of handle, and compiled once.
    // Of one thread: the runtime need not look for overlapping accesses, which costs more than most of them.
    @safe @exclusivity(unchecked) var slots: [RouteSlot?] = []
    /// Whose slot it is. Apart, so that a look-up touches nothing else of it.
    @safe @exclusivity(unchecked) private(set) var handles: [Handle?] = []
    var slotNumbers: [Handle: Int] = [:]
    var addresses: [NetworkAddress: AddressOwners] = [:]
    var resetTokenOwners: [StatelessResetToken: Int] = [:]
    let counters = RoutingCounters()
    private var freeSlots: [Int] = []
    @safe @exclusivity(unchecked) private var issued: ConnectionIDMap<IssuedRoute> = .init()
    private var initial: ConnectionIDMap<Int> = .init()
    @safe @exclusivity(unchecked) private var tombstones: Tombstones
    private(set) var sequenceNumbers = SequenceHistogram()
    private(set) var establishedConnectionCount = 0
    private(set) var establishedIDCount = 0

    /// Creates an empty table for IDs of `localIDLength` bytes, eight of which are found fastest.
    public init(localIDLength: Int = 8, tombstoneLimit: Int = 65_536) {
        self.localIDLength = localIDLength
        self.tombstones = Tombstones(limit: tombstoneLimit)
    }

    /// How many connections have routes.
    public var connectionCount: Int { self.slotNumbers.count }
    /// How many issued IDs are routed.
    public var issuedCount: Int { self.issued.count }
    /// How many client-chosen IDs are routed.
    public var initialCount: Int { self.initial.count }
    /// How many retired IDs are remembered.
    public var retiredCount: Int { self.tombstones.count }

    // MARK: Look-up

    /// Finds the way of a packet.
    public func route(_ id: ConnectionID) -> Route {
        self.counters.lookups &+= 1
        if let slot = self.issued[id]?.slot ?? self.initial[id] { return self.connection(in: slot) }
        return self.withoutConnection(isRetired: self.tombstones.contains(id))
    }

    /// Finds the way of a datagram with a short header, whose ID has ``localIDLength`` bytes and starts at the second.
    ///
    /// With IDs of eight bytes it is read as one word, and no ``ConnectionID`` is made.
    public func routeShort(_ datagram: RawSpan) -> Route {
        guard self.localIDLength == 8 else {
            guard let id = ConnectionID(datagram, offset: 1, count: self.localIDLength) else {
                self.counters.lookups &+= 1
                return self.withoutConnection(isRetired: false)
            }
            return self.route(id)
        }
        self.counters.lookups &+= 1
        guard datagram.byteCount > 8 else { return self.withoutConnection(isRetired: false) }
        let word = datagram.word(at: 1)
        if let slot = self.issued[word: word]?.slot ?? self.initial[word: word] { return self.connection(in: slot) }
        return self.withoutConnection(isRetired: self.tombstones.contains(word: word))
    }

    private func connection(in slot: Int) -> Route {
        guard let handle = self.handles[slot] else { return .unknown }
        return .connection(handle)
    }

    private func withoutConnection(isRetired: Bool) -> Route {
        if isRetired { self.counters.retiredIDs &+= 1 } else { self.counters.unknownIDs &+= 1 }
        return isRetired ? .retired : .unknown
    }

    // MARK: Connections

    /// Whether the connection's handshake is confirmed.
    public func isEstablished(_ handle: Handle) -> Bool { self.slot(of: handle)?.isEstablished ?? false }

    /// Counts a connection as established: its handshake is confirmed. True the first time only.
    @discardableResult
    public func promote(_ handle: Handle) -> Bool {
        guard let number = self.slotNumbers[handle], self.slots[number]?.isEstablished == false else { return false }
        self.slots[number]?.isEstablished = true
        self.establishedConnectionCount += 1
        self.establishedIDCount += self.slots[number]?.issued.count ?? 0
        return true
    }

    /// Removes all routes of a connection, its address and its reset tokens; its IDs are remembered as retired until
    /// `expiry`; nil: they are free at once. Costs as much as the connection has.
    public func remove(_ handle: Handle, rememberingUntil expiry: EngineInstant?) {
        guard let number = self.slotNumbers[handle] else { return }
        self.disassociate(handle)
        self.forgetResetTokens(of: handle)
        self.removeInitial(of: handle, until: expiry)
        guard let slot = self.slots[number] else { return }
        for id in slot.issued { self.bury(id, isEstablished: slot.isEstablished, until: expiry) }
        if slot.isEstablished { self.establishedConnectionCount -= 1 }
        self.slotNumbers[handle] = nil
        self.slots[number] = nil
        self.handles[number] = nil
        self.freeSlots.append(number)
    }

    // MARK: The client's first ID

    /// Routes the ID that a client chose. False where another connection has it: the newcomer is to be dropped.
    public func insertInitial(_ id: ConnectionID, for handle: Handle) -> Bool {
        let owner = self.initial[id]
        guard self.issued[id] == nil, owner == nil || owner == self.slotNumbers[handle] else {
            self.counters.collisions &+= 1
            return false
        }
        let number = self.slotNumber(for: handle)
        if let old = self.slots[number]?.initial, old != id { self.initial[old] = nil }
        self.initial[id] = number
        self.slots[number]?.initial = id
        self.tombstones.remove(id)
        return true
    }

    /// Retires the ID that the client chose: the handshake is confirmed. Late packets are swallowed until `expiry`,
    /// so that a delayed first packet does not open a second connection.
    public func removeInitial(of handle: Handle, until expiry: EngineInstant?) {
        guard let number = self.slotNumbers[handle], let id = self.slots[number]?.initial else { return }
        self.initial[id] = nil
        self.slots[number]?.initial = nil
        if let expiry { self.tombstones.insert(id, until: expiry) }
    }

    // MARK: Our IDs

    /// Routes an ID that the connection issued. False where another connection has it: a collision.
    public func issue(_ id: IssuedConnectionID, to handle: Handle) -> Bool {
        if let owner = self.issued[id.id]?.slot, owner != self.slotNumbers[handle] {
            self.counters.collisions &+= 1
            return false
        }
        self.tombstones.remove(id.id)
        guard self.issued[id.id] == nil else { return true }
        let number = self.slotNumber(for: handle)
        self.issued[id.id] = IssuedRoute(slot: number, sequenceNumber: id.sequenceNumber)
        self.sequenceNumbers.add(id.sequenceNumber, 1)
        if self.slots[number]?.isEstablished == true { self.establishedIDCount += 1 }
        // Numbers are issued in order: the place is nearly always the end.
        var place = self.slots[number]?.issued.count ?? 0
        while place > 0, let before = self.slots[number]?.issued[place - 1].sequenceNumber, before > id.sequenceNumber {
            place -= 1
        }
        self.slots[number]?.issued.insert(id, at: place)
        return true
    }

    /// Retires one ID and no other (RFC 9000 §19.16); late packets are swallowed until `expiry`. Only the connection
    /// that issued it may.
    public func retire(_ id: ConnectionID, of handle: Handle, until expiry: EngineInstant) {
        guard let number = self.slotNumbers[handle], self.issued[id]?.slot == number,
            let place = self.slots[number]?.issued.firstIndex(where: { $0.id == id }),
            let retired = self.slots[number]?.issued.remove(at: place)
        else { return }
        self.bury(retired, isEstablished: self.slots[number]?.isEstablished == true, until: expiry)
    }

    /// Retires the connection's IDs whose numbers are in the range, and returns them in their order.
    @discardableResult
    public func retire(numbers: Range<UInt64>, of handle: Handle, until expiry: EngineInstant)
        -> [IssuedConnectionID]
    {
        let retired = self.connectionIDs(of: handle, numbers: numbers)
        guard !retired.isEmpty, let number = self.slotNumbers[handle] else { return [] }
        self.slots[number]?.issued.removeAll { numbers.contains($0.sequenceNumber) }
        let isEstablished = self.slots[number]?.isEstablished == true
        for id in retired { self.bury(id, isEstablished: isEstablished, until: expiry) }
        return retired
    }

    /// The IDs of a connection, in order of their numbers.
    public func connectionIDs(of handle: Handle) -> [IssuedConnectionID] { self.slot(of: handle)?.issued ?? [] }

    /// The IDs of a connection whose numbers are in the range, in order.
    public func connectionIDs(of handle: Handle, numbers: Range<UInt64>) -> [IssuedConnectionID] {
        self.connectionIDs(of: handle).filter { numbers.contains($0.sequenceNumber) }
    }

    /// The number of an issued ID, or nil where it is not routed.
    public func sequenceNumber(of id: ConnectionID) -> UInt64? { self.issued[id]?.sequenceNumber }

    /// Forgets retired IDs whose time is over. Costs one comparison where there are none.
    public func forgetRetired(now: EngineInstant) { self.tombstones.removeExpired(now: now) }

    private func bury(_ id: IssuedConnectionID, isEstablished: Bool, until expiry: EngineInstant?) {
        self.issued[id.id] = nil
        self.sequenceNumbers.add(id.sequenceNumber, -1)
        if isEstablished { self.establishedIDCount -= 1 }
        if let expiry { self.tombstones.insert(id.id, until: expiry) }
    }

    // MARK: Slots

    func slot(of handle: Handle) -> RouteSlot? { self.slotNumbers[handle].flatMap { self.slots[$0] } }

    private func slotNumber(for handle: Handle) -> Int {
        if let number = self.slotNumbers[handle] { return number }
        let number: Int
        if let free = self.freeSlots.popLast() {
            number = free
            self.slots[number] = RouteSlot()
            self.handles[number] = handle
        } else {
            number = self.slots.count
            self.slots.append(RouteSlot())
            self.handles.append(handle)
        }
        self.slotNumbers[handle] = number
        return number
    }
}

/// What a connection has in the table. Not inside the table: for any handle it would be another type, which is found out
/// about at run time whenever one is touched.
struct RouteSlot {
    var isEstablished = false
    var initial: ConnectionID?
    var issued: [IssuedConnectionID] = []
    var address: NetworkAddress?
    var resetTokens: [LearnedResetToken] = []
}

private struct IssuedRoute {
    let slot: Int
    let sequenceNumber: UInt64
}
