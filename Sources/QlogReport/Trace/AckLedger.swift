/// The packets that were sent in one packet number space, in order, and what became of them.
///
/// A packet is visited once when it is acknowledged, however often ranges repeat it: `next` leads past those that were.
struct AckLedger {
    private var numbers: [Int] = []
    private var packets: [Int] = []
    private var next: [Int] = []

    /// A packet was sent. Numbers only grow (RFC 9000 §12.3); others are not followed.
    mutating func add(_ number: Int, packet: Int) {
        guard number > self.numbers.last ?? -1 else { return }
        self.next.append(self.numbers.count)
        self.numbers.append(number)
        self.packets.append(packet)
    }

    /// The packet with that number.
    func packet(_ number: Int) -> Int? {
        let index = self.first(notBelow: number)
        return index < self.numbers.count && self.numbers[index] == number ? self.packets[index] : nil
    }

    /// Calls `settle` for each packet in the range that was not acknowledged before.
    mutating func acknowledge(_ range: ClosedRange<Int>, settle: (Int) -> Void) {
        var index = self.follow(self.first(notBelow: range.lowerBound))
        while index < self.numbers.count, self.numbers[index] <= range.upperBound {
            settle(self.packets[index])
            self.next[index] = index + 1
            index = self.follow(index + 1)
        }
    }

    /// The first packet from `index` on that is not acknowledged. The way there is shortened for the next time.
    private mutating func follow(_ index: Int) -> Int {
        var end = index
        while end < self.next.count, self.next[end] != end { end = self.next[end] }
        var step = index
        while step < end {
            let following = self.next[step]
            self.next[step] = end
            step = following
        }
        return end
    }

    private func first(notBelow number: Int) -> Int {
        var (low, high) = (0, self.numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if self.numbers[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
