/// At most one timer per handle, with the earliest at hand: the timers of all connections of one event loop.
///
/// Setting, moving and removing a timer take O(log n) steps and one hash. Moving a timer, and setting one where another
/// has been removed, allocate nothing. Timers of the same instant expire in the order in which they were set.
///
///     var timers = TimerHeap<Int>()
///     timers.set(7, at: 2_000)
///     timers.set(8, at: 1_000)
///     while let connection = timers.popExpired(now: 1_500) {
///         print(connection)  // 8
///     }
///
/// It is inlinable, so that it is compiled for the handles of the module that uses it: unspecialised it was two percent of
/// a loaded loop's time, and allocated in every turn.
public struct TimerHeap<Handle: Hashable> {
    /// One timer in heap order; `order` tells apart timers of the same instant.
    @usableFromInline
    struct Node: Sendable {
        @usableFromInline var instant: UInt64
        @usableFromInline var order: UInt64
        @usableFromInline var slot: Int

        @inlinable
        init(instant: UInt64, order: UInt64, slot: Int) {
            self.instant = instant
            self.order = order
            self.slot = slot
        }

        @inlinable
        static func < (lhs: Node, rhs: Node) -> Bool { (lhs.instant, lhs.order) < (rhs.instant, rhs.order) }
    }

    /// A fixed place for a handle, so that moving nodes in the heap needs no hashing.
    @usableFromInline
    struct Slot {
        @usableFromInline var handle: Handle?
        @usableFromInline var position: Int

        @inlinable
        init(handle: Handle?, position: Int) {
            self.handle = handle
            self.position = position
        }
    }

    @usableFromInline var nodes: [Node] = []
    @usableFromInline var slots: [Slot] = []
    @usableFromInline var freeSlots: [Int] = []
    @usableFromInline var slotOfHandle: [Handle: Int] = [:]
    @usableFromInline var nextOrder: UInt64 = 0

    /// Creates a heap without timers.
    @inlinable
    public init() {}

    /// How many timers are set.
    @inlinable
    public var count: Int { self.nodes.count }

    /// Whether no timer is set.
    @inlinable
    public var isEmpty: Bool { self.nodes.isEmpty }

    /// The instant of the timer that expires first.
    @inlinable
    public var earliest: UInt64? { self.nodes.first?.instant }

    /// The instant of one timer.
    @inlinable
    public subscript(handle: Handle) -> UInt64? {
        self.slotOfHandle[handle].map { self.nodes[self.slots[$0].position].instant }
    }

    /// Sets the timer of `handle`, or moves it.
    ///
    /// Setting the instant that it already has changes nothing.
    @inlinable
    public mutating func set(_ handle: Handle, at instant: UInt64) {
        if let slot = self.slotOfHandle[handle] {
            let position = self.slots[slot].position
            guard self.nodes[position].instant != instant else { return }
            self.nodes[position] = Node(instant: instant, order: self.takeOrder(), slot: slot)
            self.restoreOrder(at: position)
        } else {
            let slot = self.takeSlot(for: handle)
            self.slotOfHandle[handle] = slot
            self.nodes.append(Node(instant: instant, order: self.takeOrder(), slot: slot))
            self.siftUp(from: self.nodes.count - 1)
        }
    }

    /// Removes the timer of `handle` and returns its instant, or nil if none was set.
    @inlinable @discardableResult
    public mutating func remove(_ handle: Handle) -> UInt64? {
        guard let slot = self.slotOfHandle.removeValue(forKey: handle) else { return nil }
        return self.removeNode(at: self.slots[slot].position).instant
    }

    /// Removes the earliest timer if its instant is `now` or before, and returns its handle.
    @inlinable
    public mutating func popExpired(now: UInt64) -> Handle? {
        guard let first = self.nodes.first, first.instant <= now, let handle = self.slots[first.slot].handle else {
            return nil
        }
        self.slotOfHandle.removeValue(forKey: handle)
        _ = self.removeNode(at: 0)
        return handle
    }

    /// How much room each store holds; constant once as many timers have been set as will ever be at one time.
    var capacities: [Int] {
        [self.nodes.capacity, self.slots.capacity, self.freeSlots.capacity, self.slotOfHandle.capacity]
    }
}

extension TimerHeap: Sendable where Handle: Sendable {}
extension TimerHeap.Slot: Sendable where Handle: Sendable {}

extension TimerHeap {
    @inlinable
    mutating func takeOrder() -> UInt64 {
        defer { self.nextOrder &+= 1 }
        return self.nextOrder
    }

    @inlinable
    mutating func takeSlot(for handle: Handle) -> Int {
        let slot = Slot(handle: handle, position: self.nodes.count)
        if let free = self.freeSlots.popLast() {
            self.slots[free] = slot
            return free
        }
        self.slots.append(slot)
        return self.slots.count - 1
    }

    @inlinable
    mutating func removeNode(at position: Int) -> Node {
        let node = self.nodes[position]
        // The handle must not outlive its timer: it may be a reference.
        self.slots[node.slot].handle = nil
        self.freeSlots.append(node.slot)
        let last = self.nodes.removeLast()
        if position < self.nodes.count {
            self.nodes[position] = last
            self.restoreOrder(at: position)
        }
        return node
    }

    /// Moves the node that has just been written to `position` to where it belongs.
    @inlinable
    mutating func restoreOrder(at position: Int) {
        if position > 0, self.nodes[position] < self.nodes[(position - 1) / 2] {
            self.siftUp(from: position)
        } else {
            self.siftDown(from: position)
        }
    }

    @inlinable
    mutating func siftUp(from start: Int) {
        var position = start
        let node = self.nodes[position]
        while position > 0 {
            let parent = (position - 1) / 2
            guard node < self.nodes[parent] else { break }
            self.place(self.nodes[parent], at: position)
            position = parent
        }
        self.place(node, at: position)
    }

    @inlinable
    mutating func siftDown(from start: Int) {
        var position = start
        let node = self.nodes[position]
        while true {
            var child = 2 * position + 1
            guard child < self.nodes.count else { break }
            if child + 1 < self.nodes.count, self.nodes[child + 1] < self.nodes[child] { child += 1 }
            guard self.nodes[child] < node else { break }
            self.place(self.nodes[child], at: position)
            position = child
        }
        self.place(node, at: position)
    }

    @inlinable
    mutating func place(_ node: Node, at position: Int) {
        self.nodes[position] = node
        self.slots[node.slot].position = position
    }
}
