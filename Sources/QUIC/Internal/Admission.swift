internal import QUICEngine

/// How many attempts may be under way, in all and from one neighbourhood, and how often nobody in particular is answered.
struct Admission {
    /// What there is room for.
    enum Room { case none, onlyValidated, free }

    private let limits: QUICEndpointLimits
    private(set) var halfOpen = 0
    private var byPrefix: [AddressPrefix: Int] = [:]
    var resets: ReplyBudget
    var refusals: ReplyBudget
    var negotiations: ReplyBudget
    private var usedTokens = UsedTokens(limit: 8_192)

    init(_ limits: QUICEndpointLimits) {
        self.limits = limits
        self.resets = ReplyBudget(perSecond: limits.statelessRepliesPerSecond)
        self.refusals = ReplyBudget(perSecond: limits.statelessRepliesPerSecond)
        self.negotiations = ReplyBudget(perSecond: limits.statelessRepliesPerSecond)
    }

    /// A client that has shown its address gets in where others are asked to show theirs.
    func room(for remote: NetworkAddress, connections: Int, backlog: Int) -> Room {
        guard connections < self.limits.connections, backlog < self.limits.acceptBacklog else { return .none }
        guard self.halfOpen < self.limits.halfOpen else { return .none }
        let neighbours = self.byPrefix[AddressPrefix(remote)] ?? 0
        return neighbours < self.limits.halfOpenPerPrefix ? .free : .onlyValidated
    }

    mutating func open(_ remote: NetworkAddress) {
        self.halfOpen += 1
        self.byPrefix[AddressPrefix(remote), default: 0] += 1
    }

    mutating func close(_ remote: NetworkAddress) {
        self.halfOpen -= 1
        let prefix = AddressPrefix(remote)
        guard let count = self.byPrefix[prefix] else { return }
        self.byPrefix[prefix] = count > 1 ? count - 1 : nil
    }

    /// RFC 9000 §8.1.4: a token of NEW_TOKEN counts once.
    mutating func isFirstUse(of token: [UInt8]) -> Bool { self.usedTokens.insert(token) }

    /// Ports of services that answer anybody: what seems to come from there was sent by somebody else (RFC 9000 §21.5).
    static func isReflectionPort(_ port: UInt16) -> Bool {
        switch port {
        case 0, 7, 17, 19, 53, 111, 123, 137, 161, 389, 1_900, 5_353, 11_211: true
        default: false
        }
    }
}

/// A neighbourhood: the /24 of an IPv4 address, the /64 of an IPv6 one.
struct AddressPrefix: Hashable {
    private let high: UInt64
    private let isIPv6: Bool

    init(_ address: NetworkAddress) {
        self.isIPv6 = address.family == .ipv6
        self.high = self.isIPv6 ? address.high : address.high >> 40
    }
}

/// So many answers a second, and a second's worth at once.
struct ReplyBudget {
    private let perSecond: UInt64
    private var tokens: UInt64
    private var filledAt: UInt64 = 0

    init(perSecond: Int) {
        self.perSecond = UInt64(max(perSecond, 0))
        self.tokens = self.perSecond
    }

    mutating func take(now: EngineInstant) -> Bool {
        let elapsed = min(now.nanoseconds &- min(self.filledAt, now.nanoseconds), 1_000_000_000)
        let earned = elapsed &* self.perSecond / 1_000_000_000
        if earned > 0 {
            self.tokens = min(self.tokens &+ earned, self.perSecond)
            self.filledAt = now.nanoseconds
        }
        guard self.tokens > 0 else { return false }
        self.tokens -= 1
        return true
    }
}

/// The latest tokens that were shown: two generations, so that forgetting costs nothing.
struct UsedTokens {
    private var current: Set<[UInt8]> = []
    private var previous: Set<[UInt8]> = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func insert(_ token: [UInt8]) -> Bool {
        guard !self.previous.contains(token), self.current.insert(token).inserted else { return false }
        if self.current.count >= self.limit {
            self.previous = self.current
            self.current.removeAll(keepingCapacity: true)
        }
        return true
    }
}
