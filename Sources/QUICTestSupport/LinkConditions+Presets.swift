extension LinkConditions {
    /// Nothing is lost and nothing takes time.
    public static let perfect = LinkConditions()

    /// Two machines at one switch.
    public static let lan = LinkConditions(
        delay: .microseconds(200), jitter: .microseconds(50), keepsOrder: true,
        bandwidth: 1_000_000_000, queueLimit: 512_000)

    /// A home connection to a server in the same region.
    public static let broadband = LinkConditions(
        delay: .milliseconds(15), jitter: .milliseconds(2), keepsOrder: true,
        bandwidth: 50_000_000, queueLimit: 256_000, loss: 0.0005)

    /// A crowded wireless network: everything that can happen to a packet happens often.
    public static let bad = LinkConditions(
        delay: .milliseconds(30), jitter: .milliseconds(10),
        bandwidth: 5_000_000, queueLimit: 128_000, loss: 0.05,
        reordering: 0.05, reorderingDelay: .milliseconds(15), duplication: 0.02, corruption: 0.01)

    /// Draws conditions that a QUIC connection should survive; the same numbers give the same conditions.
    ///
    /// Loss, burst loss and corruption together stay below `maximumLoss` in the long run; full queues come on top. The
    /// MTU never falls below the 1200 bytes of RFC 9000 §14.
    public static func random(
        using generator: inout some RandomNumberGenerator, maximumLoss: Double
    ) -> LinkConditions {
        var dice = ConditionDice(generator: generator)
        defer { generator = dice.generator }

        var conditions = LinkConditions()
        conditions.delay = .microseconds(dice.integer(upTo: 100_000))
        conditions.jitter = dice.chance(0.5, of: .microseconds(dice.integer(upTo: 20_000))) ?? .zero
        conditions.keepsOrder = dice.fraction() < 0.5
        // Evenly over the powers of two from 1 to 64 Mbit/s.
        let bandwidth = (1_000_000 << dice.integer(upTo: 6)) + dice.integer(upTo: 1_000_000)
        conditions.bandwidth = dice.chance(0.7, of: bandwidth)
        conditions.queueLimit = 32_000 + dice.integer(upTo: 480_000)

        conditions.loss = dice.chance(0.6, of: dice.fraction() * maximumLoss * 0.5) ?? 0
        conditions.burstLoss = dice.chance(0.3, of: dice.burstLoss(averagingAtMost: maximumLoss * 0.3))
        conditions.corruption = dice.chance(0.3, of: dice.fraction() * maximumLoss * 0.2) ?? 0

        conditions.reordering = dice.chance(0.5, of: dice.fraction() * 0.1) ?? 0
        conditions.reorderingDelay = .microseconds(1_000 + dice.integer(upTo: 30_000))
        conditions.duplication = dice.chance(0.4, of: dice.fraction() * 0.05) ?? 0
        conditions.maximumDatagramSize = dice.chance(0.3, of: 1200 + dice.integer(upTo: 300))
        conditions.ecnMarking = dice.chance(0.3, of: dice.fraction() * 0.1) ?? 0
        conditions.markAboveQueue = dice.chance(0.3, of: 16_000 + dice.integer(upTo: 64_000))
        conditions.bleachesECN = dice.fraction() < 0.15
        return conditions
    }
}

/// Draws from a generator the same number of times whatever comes out, so that conditions of one seed stay comparable.
private struct ConditionDice<Generator: RandomNumberGenerator> {
    var generator: Generator

    mutating func fraction() -> Double { unitFraction(self.generator.next()) }

    mutating func integer(upTo limit: Int) -> Int { Int(self.fraction() * Double(limit + 1)) }

    mutating func chance<Value>(_ probability: Double, of value: Value) -> Value? {
        self.fraction() < probability ? value : nil
    }

    mutating func burstLoss(averagingAtMost limit: Double) -> BurstLoss {
        let leave = 0.1 + self.fraction() * 0.4
        let average = min(self.fraction() * limit, 0.9)
        // Solves average = enter / (enter + leave) for enter; every packet of the bad state is lost.
        return BurstLoss(enterProbability: average * leave / (1 - average), leaveProbability: leave)
    }
}
