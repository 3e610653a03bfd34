/// A queue over one growing array: appending and taking from the front cost the same at any length.
///
/// It is inlinable, so that it is compiled for what the other modules queue: unspecialised, the type of each element was looked
/// up at run time for every piece that a stream receives.
@usableFromInline
package struct RingBuffer<Element> {
    @usableFromInline var slots: ContiguousArray<Element?> = []
    @usableFromInline var head = 0
    @usableFromInline package internal(set) var count = 0

    @inlinable package var isEmpty: Bool { self.count == 0 }

    @inlinable package var first: Element? { self.count == 0 ? nil : self.slots[self.head] }

    @inlinable package var last: Element? { self.count == 0 ? nil : self[self.count - 1] }

    @inlinable package subscript(index: Int) -> Element? {
        guard index >= 0, index < self.count else { return nil }
        return self.slots[(self.head &+ index) & (self.slots.count &- 1)]
    }

    @inlinable package init() {}

    @inlinable package mutating func append(_ element: consuming Element) {
        if self.count == self.slots.count { self.grow() }
        self.slots[(self.head &+ self.count) & (self.slots.count &- 1)] = element
        self.count += 1
    }

    /// Puts an element back before all others.
    @inlinable package mutating func prepend(_ element: consuming Element) {
        if self.count == self.slots.count { self.grow() }
        self.head = (self.head &- 1) & (self.slots.count &- 1)
        self.slots[self.head] = element
        self.count += 1
    }

    @inlinable @discardableResult
    package mutating func popFirst() -> Element? {
        guard self.count > 0 else { return nil }
        let element = self.slots[self.head].take()
        self.head = (self.head &+ 1) & (self.slots.count &- 1)
        self.count -= 1
        if self.count == 0, self.slots.count > Self.slotsKept { self.removeAll() }
        return element
    }

    /// For how many elements an empty buffer keeps room: the rest of what one burst needed is not held for ever.
    @inlinable static var slotsKept: Int { 512 }

    /// Takes the first element for which `isWanted` holds out of the middle; costs as much as the buffer is long.
    @inlinable @discardableResult
    package mutating func removeFirst(where isWanted: (Element) -> Bool) -> Element? {
        var found: Element?
        for _ in 0..<self.count {
            guard let element = self.popFirst() else { break }
            if found == nil, isWanted(element) { found = element } else { self.append(element) }
        }
        return found
    }

    @inlinable @discardableResult
    package mutating func popLast() -> Element? {
        guard self.count > 0 else { return nil }
        self.count -= 1
        return self.slots[(self.head &+ self.count) & (self.slots.count &- 1)].take()
    }

    @inlinable package mutating func removeAll() {
        self.slots.removeAll()
        self.head = 0
        self.count = 0
    }

    /// The size stays a power of two, so that a mask replaces a division.
    @inlinable mutating func grow() {
        var larger = ContiguousArray<Element?>(repeating: nil, count: max(4, self.slots.count * 2))
        for index in 0..<self.count { larger[index] = self[index] }
        self.slots = larger
        self.head = 0
    }
}

extension RingBuffer: Sendable where Element: Sendable {}
