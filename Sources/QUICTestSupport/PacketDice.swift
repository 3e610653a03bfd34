import QUICEngine

/// The random numbers of one packet, all drawn before anything is decided.
///
/// Every packet takes the same number of draws in the same order, so a change to one condition leaves what the others
/// decide as it was.
struct PacketDice {
    let burst: Double
    let burstLoss: Double
    let loss: Double
    let marking: Double
    let jitter: Double
    let reordering: Double
    let duplication: Double
    let duplicateJitter: Double
    let corruption: Double
    let corruptionSeed: UInt64

    init(from random: SeededRandomness) {
        self.burst = unitFraction(random.next())
        self.burstLoss = unitFraction(random.next())
        self.loss = unitFraction(random.next())
        self.marking = unitFraction(random.next())
        self.jitter = unitFraction(random.next())
        self.reordering = unitFraction(random.next())
        self.duplication = unitFraction(random.next())
        self.duplicateJitter = unitFraction(random.next())
        self.corruption = unitFraction(random.next())
        self.corruptionSeed = random.next()
    }
}

/// A number in 0 ..< 1 from the upper 53 bits of `word`, as many as a Double holds exactly.
func unitFraction(_ word: UInt64) -> Double { Double(word >> 11) * 0x1p-53 }
