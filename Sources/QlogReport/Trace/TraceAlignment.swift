/// Puts the traces of both ends of a connection on one time axis.
///
/// Each end counts from its own start. A packet is sent at one end's time and received at the other's; the least
/// difference in each direction is the path's delay plus, once, and minus, the other time, the distance of the clocks.
public enum TraceAlignment {
    /// Moves the times of each trace so that the earliest one starts at zero.
    public static func align(_ traces: inout [QlogTrace]) {
        guard traces.count > 1 else { return }
        for index in traces.indices.dropFirst() {
            if let shift = self.shift(of: traces[index], to: traces[0]) { traces[index].shift = shift }
        }
        let earliest = traces.map(\.shift).min() ?? 0
        for index in traces.indices { traces[index].move(by: traces[index].shift - earliest) }
    }

    /// How much later the second trace's start was; nil where nothing tells.
    static func shift(of other: QlogTrace, to first: QlogTrace) -> Int? {
        if !first.description.group.isEmpty, first.description.group == other.description.group,
            let forth = self.leastDifference(sent: first, received: other),
            let back = self.leastDifference(sent: other, received: first)
        {
            return (back - forth) / 2
        }
        guard let start = first.description.started, let begun = other.description.started,
            abs(begun - start) < 3_600_000
        else { return nil }
        return Int(((begun - start) * 1_000).rounded())
    }

    private struct Key: Hashable {
        let space: Int
        let number: Int
    }

    private static func leastDifference(sent: QlogTrace, received: QlogTrace) -> Int? {
        var times: [Key: Int] = [:]
        for index in 0..<sent.packets.count where sent.packets.isSent[index] {
            if let key = self.key(index, sent.packets) { times[key] = sent.packets.times[index] }
        }
        var least: Int?
        for index in 0..<received.packets.count where !received.packets.isSent[index] {
            guard let key = self.key(index, received.packets), let time = times[key] else { continue }
            let difference = received.packets.times[index] - time
            least = min(least ?? difference, difference)
        }
        return least
    }

    private static func key(_ index: Int, _ packets: QlogTrace.Packets) -> Key? {
        guard let space = packets.types[index].space, packets.numbers[index] >= 0 else { return nil }
        return Key(space: space, number: packets.numbers[index])
    }
}

extension QlogTrace {
    fileprivate mutating func move(by shift: Int) {
        self.shift = shift
        guard shift != 0 else { return }
        for index in self.packets.times.indices { self.packets.times[index] += shift }
        for quantity in self.series.indices {
            for index in self.series[quantity].times.indices { self.series[quantity].times[index] += shift }
        }
        for index in self.marks.indices { self.marks[index].time += shift }
        self.end += shift
    }
}
