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
public struct TimerHeap<Handle: Hashable> {
    /// One timer in heap order; `order` tells apart timers of the same instant.
    private struct Node {
        var instant: UInt64
        var order: UInt64
        var slot: Int

        static func < (lhs: Node, rhs: Node) -> Bool { (lhs.instant, lhs.order) < (rhs.instant, rhs.order) }
    }

    /// A fixed place for a handle, so that moving nodes in the heap needs no hashing.
    fileprivate struct Slot {
        var handle: Handle?
        var position: Int
    }

    private var nodes: [Node] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var slotOfHandle: [Handle: Int] = [:]
    private var nextOrder: UInt64 = 0

    /// Creates a heap without timers.
    public init() {}

    /// How many timers are set.
    public var count: Int { self.nodes.count }

    /// Whether no timer is set.
    public var isEmpty: Bool { self.nodes.isEmpty }

    /// The instant of the timer that expires first.
    public var earliest: UInt64? { self.nodes.first?.instant }

    /// The instant of one timer.
    public subscript(handle: Handle) -> UInt64? {
        self.slotOfHandle[handle].map { self.nodes[self.slots[$0].position].instant }
    }

    /// Sets the timer of `handle`, or moves it.
    ///
    /// Setting the instant that it already has changes nothing.
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
    @discardableResult
    public mutating func remove(_ handle: Handle) -> UInt64? {
        guard let slot = self.slotOfHandle.removeValue(forKey: handle) else { return nil }
        return self.removeNode(at: self.slots[slot].position).instant
    }

    /// Removes the earliest timer if its instant is `now` or before, and returns its handle.
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
    private mutating func takeOrder() -> UInt64 {
        defer { self.nextOrder &+= 1 }
        return self.nextOrder
    }

    private mutating func takeSlot(for handle: Handle) -> Int {
        let slot = Slot(handle: handle, position: self.nodes.count)
        if let free = self.freeSlots.popLast() {
            self.slots[free] = slot
            return free
        }
        self.slots.append(slot)
        return self.slots.count - 1
    }

    private mutating func removeNode(at position: Int) -> Node {
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
    private mutating func restoreOrder(at position: Int) {
        if position > 0, self.nodes[position] < self.nodes[(position - 1) / 2] {
            self.siftUp(from: position)
        } else {
            self.siftDown(from: position)
        }
    }

    private mutating func siftUp(from start: Int) {
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

    private mutating func siftDown(from start: Int) {
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

    private mutating func place(_ node: Node, at position: Int) {
        self.nodes[position] = node
        self.slots[node.slot].position = position
    }
}
