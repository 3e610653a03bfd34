/// Orders the addresses of a peer for dialling them side by side: what is likely best first, the others a little later, so
/// that the first dial that succeeds usually makes the others unnecessary (RFC 8305 does so for two families).
///
/// Addresses of this host, of private networks and of the Internet are three groups that do not wait for each other: in
/// a foreign network the private ones lead nowhere. In each group the first IPv6 address is dialled at once, the first
/// IPv4 address after ``globalStep`` (``localStep`` where answers are near), and the rest one step later. Relays wait
/// for ``relayedWait`` after the last direct address, as a direct connection is worth more.
enum DialRanker {
    static let globalStep: Duration = .milliseconds(250)
    static let localStep: Duration = .milliseconds(30)
    static let relayedWait: Duration = .milliseconds(500)
    /// How many addresses are dialled; a peer may name as many as it likes.
    static let maximumCount = 25

    private enum Group: CaseIterable { case loopback, privateNetwork, global }

    /// The addresses that can be dialled, once each, without the peer's id and in the order of their delay. Of those alike
    /// the ones given first are first. Names must be resolved before.
    static func rank(_ addresses: [Multiaddress]) -> [RankedAddress] {
        var seen: Set<Multiaddress> = []
        var direct: [Group: [Multiaddress]] = [:]
        var relayed: [Multiaddress] = []
        for address in addresses {
            let plain = address.withoutPeer
            guard seen.insert(plain).inserted else { continue }
            if plain.isRelayed {
                relayed.append(plain)
            } else if (try? plain.networkAddress()) != nil {
                direct[self.group(of: plain), default: []].append(plain)
            }
        }
        var ranked = Group.allCases.flatMap { group in
            self.rank(group: direct[group] ?? [], step: group == .global ? self.globalStep : self.localStep)
        }
        // A sort that keeps the order of equals, so that the nearer group comes first.
        ranked = ranked.enumerated().sorted { ($0.element.delay, $0.offset) < ($1.element.delay, $1.offset) }
            .map(\.element)
        let kept = ranked.prefix(relayed.isEmpty ? self.maximumCount : self.maximumCount - 1)
        let wait = kept.last.map { $0.delay + self.relayedWait } ?? .zero
        let room = self.maximumCount - kept.count
        return kept + relayed.prefix(room).map { RankedAddress(address: $0, delay: wait) }
    }

    private static func group(of address: Multiaddress) -> Group {
        switch address.reach {
        case .loopback: .loopback
        case .linkLocal, .privateNetwork: .privateNetwork
        default: .global
        }
    }

    private static func rank(group addresses: [Multiaddress], step: Duration) -> [RankedAddress] {
        let six = addresses.filter { $0.contains(.ip6) }
        let four = addresses.filter { !$0.contains(.ip6) }
        let families = [six, four].filter { !$0.isEmpty }
        let firsts = families.enumerated().compactMap { index, family in
            family.first.map { RankedAddress(address: $0, delay: step * index) }
        }
        // Taken in turns, so that neither family is cut off by the limit.
        let rests = families.map { $0.dropFirst() }
        let longest = rests.map(\.count).max() ?? 0
        let rest = (0..<longest).flatMap { index in rests.compactMap { $0.dropFirst(index).first } }
        return firsts + rest.map { RankedAddress(address: $0, delay: step * families.count) }
    }
}
