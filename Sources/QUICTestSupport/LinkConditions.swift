import QUICEngine

/// How one direction between two hosts treats the datagrams sent over it.
///
///     var conditions = LinkConditions.broadband
///     conditions.loss = 0.02
///     network.setConditions(conditions, from: client, to: server)
///
/// A datagram passes the size limit, then the queue and the serialiser, then the wire. It counts with its UDP payload:
/// the headers below QUIC take no time and no room.
public struct LinkConditions: Sendable, Equatable {
    /// The propagation delay that every packet has.
    public var delay: Duration
    /// The most that is added to the delay, drawn uniformly per packet.
    public var jitter: Duration
    /// Whether jitter leaves packets in order, as a queue would, instead of letting them overtake each other.
    public var keepsOrder: Bool
    /// Bits per second that the serialiser puts on the wire; nil for no limit.
    public var bandwidth: Int?
    /// Bytes that may wait for the serialiser; a packet that finds no room is dropped.
    public var queueLimit: Int
    /// The probability that a packet is lost, independently of others.
    public var loss: Double
    /// Loss in bursts, on top of `loss`.
    public var burstLoss: BurstLoss?
    /// The probability that a packet is held back by `reorderingDelay`.
    public var reordering: Double
    /// How long a packet is held back, so that later ones overtake it.
    public var reorderingDelay: Duration
    /// The probability that a packet arrives twice.
    public var duplication: Double
    /// The probability that one to eight random bits of a packet are flipped.
    public var corruption: Double
    /// The largest datagram that passes, larger ones vanishing without a sign; nil for no limit.
    public var maximumDatagramSize: Int?
    /// The probability that an ECN-capable packet is marked CE.
    public var ecnMarking: Double
    /// ECN-capable packets are marked CE while more than this many bytes wait for the serialiser.
    public var markAboveQueue: Int?
    /// Whether a router on the way clears the ECN field.
    public var bleachesECN: Bool

    /// Creates conditions; whatever is left out does no harm.
    public init(
        delay: Duration = .zero, jitter: Duration = .zero, keepsOrder: Bool = false,
        bandwidth: Int? = nil, queueLimit: Int = 1_000_000,
        loss: Double = 0, burstLoss: BurstLoss? = nil,
        reordering: Double = 0, reorderingDelay: Duration = .milliseconds(5),
        duplication: Double = 0, corruption: Double = 0, maximumDatagramSize: Int? = nil,
        ecnMarking: Double = 0, markAboveQueue: Int? = nil, bleachesECN: Bool = false
    ) {
        self.delay = delay
        self.jitter = jitter
        self.keepsOrder = keepsOrder
        self.bandwidth = bandwidth
        self.queueLimit = queueLimit
        self.loss = loss
        self.burstLoss = burstLoss
        self.reordering = reordering
        self.reorderingDelay = reorderingDelay
        self.duplication = duplication
        self.corruption = corruption
        self.maximumDatagramSize = maximumDatagramSize
        self.ecnMarking = ecnMarking
        self.markAboveQueue = markAboveQueue
        self.bleachesECN = bleachesECN
    }
}

extension LinkConditions: CustomStringConvertible {
    /// The delay and whatever else departs from a perfect link: `30.0 ms, 5.0 Mbit/s (128 kB queue), 5.0 % loss`.
    public var description: String {
        var parts = [milliseconds(self.delay)]
        if self.jitter > .zero {
            parts.append("\(milliseconds(self.jitter)) jitter\(self.keepsOrder ? " in order" : "")")
        }
        if let bandwidth {
            parts.append("\(Double(bandwidth) / 1_000_000) Mbit/s (\(self.queueLimit / 1000) kB queue)")
        }
        if self.loss > 0 { parts.append("\(percent(self.loss)) loss") }
        if let burstLoss {
            parts.append(
                "bursts of \(percent(burstLoss.lossInBadState)) loss "
                    + "(in \(percent(burstLoss.enterProbability)), out \(percent(burstLoss.leaveProbability)))")
        }
        if self.reordering > 0 {
            parts.append("\(percent(self.reordering)) held back \(milliseconds(self.reorderingDelay))")
        }
        if self.duplication > 0 { parts.append("\(percent(self.duplication)) duplicated") }
        if self.corruption > 0 { parts.append("\(percent(self.corruption)) corrupted") }
        if let maximumDatagramSize { parts.append("at most \(maximumDatagramSize) B") }
        if self.ecnMarking > 0 { parts.append("\(percent(self.ecnMarking)) marked") }
        if let markAboveQueue { parts.append("marked above \(markAboveQueue) B of queue") }
        if self.bleachesECN { parts.append("ECN bleached") }
        return parts.joined(separator: ", ")
    }
}

private func milliseconds(_ duration: Duration) -> String {
    "\(Double(duration.clampedNanoseconds) / 1_000_000) ms"
}

private func percent(_ probability: Double) -> String {
    // Not `rounded()`, which needs libm and with it an import that nothing else here wants.
    "\(Double(Int(probability * 100_000 + 0.5)) / 1000) %"
}
