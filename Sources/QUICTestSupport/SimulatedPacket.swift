import QUICEngine

/// A datagram on its way.
struct SimulatedPacket {
    /// How many packets the network had been given before this one.
    let index: Int
    /// The sender's address as a NAT shows it.
    let source: NetworkAddress
    /// The address the packet was sent to.
    let destination: NetworkAddress
    let link: Link
    var bytes: [UInt8]
    var ecn: ECN

    /// Flips one to eight bits; bits that are hit twice would be whole again, so the positions are distinct.
    mutating func corrupt(seed: UInt64) {
        guard !self.bytes.isEmpty else { return }
        let random = SeededRandomness(seed: seed)
        let bitCount = UInt64(self.bytes.count) * 8
        var positions: [UInt64] = []
        for _ in 0...(random.next() % 8) {
            let position = random.next() % bitCount
            if !positions.contains(position) { positions.append(position) }
        }
        for position in positions {
            self.bytes[Int(position / 8)] ^= 1 << UInt8(position % 8)
        }
    }
}
