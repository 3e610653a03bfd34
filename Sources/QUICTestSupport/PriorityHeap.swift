/// A binary heap that hands out its smallest element first.
struct PriorityHeap<Element: Comparable> {
    private var elements: [Element] = []

    var isEmpty: Bool { self.elements.isEmpty }

    var count: Int { self.elements.count }

    /// The smallest element.
    var first: Element? { self.elements.first }

    mutating func insert(_ element: Element) {
        // The hole moves up and is filled once, which is cheaper than swapping all the way.
        var hole = self.elements.count
        self.elements.append(element)
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard element < self.elements[parent] else { break }
            self.elements[hole] = self.elements[parent]
            hole = parent
        }
        self.elements[hole] = element
    }

    mutating func popFirst() -> Element? {
        guard let smallest = self.elements.first, let moved = self.elements.popLast() else { return nil }
        guard !self.elements.isEmpty else { return smallest }

        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < self.elements.count else { break }
            if child + 1 < self.elements.count, self.elements[child + 1] < self.elements[child] { child += 1 }
            guard self.elements[child] < moved else { break }
            self.elements[hole] = self.elements[child]
            hole = child
        }
        self.elements[hole] = moved
        return smallest
    }
}
