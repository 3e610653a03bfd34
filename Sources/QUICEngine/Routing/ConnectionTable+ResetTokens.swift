// The tokens by which peers tell that they have lost a connection's state (RFC 9000 §10.3).

extension ConnectionTable {
    /// How many tokens one connection may have; the library asks its peer for fewer IDs.
    public static var resetTokenLimit: Int { 8 }

    /// Notes that the peer's resets for its ID of this number carry `token`. False where the connection has no routes or
    /// the token is another connection's.
    @discardableResult
    public func learn(_ token: StatelessResetToken, number: UInt64, for handle: Handle) -> Bool {
        guard let slot = self.slotNumbers[handle] else { return false }
        if let owner = self.resetTokenOwners[token], owner != slot { return false }
        let learned = LearnedResetToken(number: number, token: token)
        if self.slots[slot]?.resetTokens.contains(learned) == true { return true }
        while let all = self.slots[slot]?.resetTokens, all.count >= Self.resetTokenLimit, let oldest = all.first {
            self.forget(oldest.token, number: oldest.number, for: handle)
        }
        self.slots[slot]?.resetTokens.append(learned)
        self.resetTokenOwners[token] = slot
        return true
    }

    /// Forgets the token of the peer's ID of this number.
    public func forget(_ token: StatelessResetToken, number: UInt64, for handle: Handle) {
        guard let slot = self.slotNumbers[handle] else { return }
        self.slots[slot]?.resetTokens.removeAll { $0 == LearnedResetToken(number: number, token: token) }
        // A peer may, against the rules, use one token for two IDs.
        let isUsed = self.slots[slot]?.resetTokens.contains { $0.token == token } ?? false
        if !isUsed, self.resetTokenOwners[token] == slot { self.resetTokenOwners[token] = nil }
    }

    /// Forgets all tokens of a connection.
    public func forgetResetTokens(of handle: Handle) {
        guard let slot = self.slotNumbers[handle], let learned = self.slots[slot]?.resetTokens else { return }
        self.slots[slot]?.resetTokens = []
        for one in learned where self.resetTokenOwners[one.token] == slot { self.resetTokenOwners[one.token] = nil }
    }

    /// The connection that a packet ending in `token` resets.
    ///
    /// The hash is seeded, so the time that this takes tells nothing about the tokens (RFC 9000 §10.3.1).
    public func owner(ofResetToken token: StatelessResetToken) -> Handle? {
        self.resetTokenOwners[token].flatMap { self.handles[$0] }
    }

    /// The connection that a datagram resets by its last sixteen bytes, if those are a token that is known.
    public func owner(ofResetIn datagram: RawSpan) -> Handle? {
        // RFC 9000 §10.3: nothing shorter than 21 bytes is a reset.
        guard datagram.byteCount >= 21, !self.resetTokenOwners.isEmpty else { return nil }
        let start = datagram.byteCount - 16
        return self.owner(
            ofResetToken: StatelessResetToken(high: datagram.word(at: start), low: datagram.word(at: start + 8)))
    }
}

struct LearnedResetToken: Equatable {
    let number: UInt64
    let token: StatelessResetToken
}
