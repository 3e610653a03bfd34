/// Loss that comes in bursts: the Gilbert–Elliott model, which is drawn once per packet.
///
/// The link is in its good state until it enters the bad one, where it loses many packets in a row.
public struct BurstLoss: Sendable, Equatable {
    /// The probability, per packet, that a link in the good state enters the bad one.
    public var enterProbability: Double
    /// The probability, per packet, that a link in the bad state returns to the good one.
    public var leaveProbability: Double
    /// The probability that a packet is lost while the link is in the bad state.
    public var lossInBadState: Double

    /// Creates a model from the two transitions and the loss between them.
    public init(enterProbability: Double, leaveProbability: Double, lossInBadState: Double = 1) {
        self.enterProbability = enterProbability
        self.leaveProbability = leaveProbability
        self.lossInBadState = lossInBadState
    }

    /// The share of packets that the model loses in the long run.
    public var averageLoss: Double {
        let transitions = self.enterProbability + self.leaveProbability
        return transitions > 0 ? self.enterProbability / transitions * self.lossInBadState : 0
    }
}
