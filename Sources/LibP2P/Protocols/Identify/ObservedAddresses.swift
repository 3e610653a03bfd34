internal import QUIC

/// Where peers see this host. One peer may err or lie; an address that several of different networks report is where
/// the host really is.
///
/// A value without a clock: time is a parameter, since any moment that stays the same.
struct ObservedAddresses: Sendable {
    /// What it takes to believe peers, and how much of what they say is kept.
    struct Rules: Hashable, Sendable {
        /// How many networks must agree.
        var confirmationCount = 3
        /// How many bits of an IPv4 address make a network: what one customer often has.
        var networkBits4 = 24
        /// How many bits of an IPv6 address make a network.
        var networkBits6 = 48
        /// How long a report counts.
        var lifetime = Duration.seconds(30 * 60)
        /// How many addresses of one peer's count at once: the host may have as many sockets.
        var maximumPerPeer = 4
        /// How many reports from one network are kept.
        var maximumPerNetwork = 16
        /// How many reports are kept in all.
        var maximumCount = 1_024
    }

    private struct Report: Sendable {
        let address: Multiaddress
        let peer: PeerID
        let network: AddressPrefix
        let time: Duration
    }

    private let rules: Rules
    /// The oldest first.
    private var reports: [Report] = []

    init(_ rules: Rules = Rules()) { self.rules = rules }

    /// How many reports are kept.
    var count: Int { self.reports.count }

    /// Takes in where `peer`, who is at `remote`, sees us. To be called for direct connections from a listening socket
    /// only: no other socket can be reached. True: by this, the address is confirmed.
    mutating func record(_ address: Multiaddress, by peer: PeerID, at remote: Multiaddress, now: Duration) -> Bool {
        self.expire(now: now)
        // What cannot be dialled is of no use, nor is what does not come from somewhere.
        guard (try? address.networkAddress()) != nil, let origin = try? remote.networkAddress() else { return false }
        let network = AddressPrefix(origin, bits4: self.rules.networkBits4, bits6: self.rules.networkBits6)
        let address = address.withoutPeer
        let wasConfirmed = self.isConfirmed(address)
        // One peer counts for one network, however many it connects from.
        self.reports.removeAll { $0.peer == peer && $0.address == address }
        self.drop(beyond: self.rules.maximumPerPeer) { $0.peer == peer }
        self.drop(beyond: self.rules.maximumPerNetwork) { $0.network == network }
        self.drop(beyond: self.rules.maximumCount) { _ in true }
        self.reports.append(Report(address: address, peer: peer, network: network, time: now))
        return !wasConfirmed && self.isConfirmed(address)
    }

    /// Addresses that enough networks agree on, those with the most first.
    mutating func confirmed(now: Duration) -> [Multiaddress] {
        self.expire(now: now)
        return self.ranked.filter { $0.count >= self.rules.confirmationCount }.map(\.address)
    }

    /// Addresses that anybody has reported, those with the most networks first: worth a try, as hole punching does.
    mutating func reported(now: Duration) -> [Multiaddress] {
        self.expire(now: now)
        return self.ranked.map(\.address)
    }

    private var ranked: [(address: Multiaddress, count: Int)] {
        self.reports.map(\.address).uniqued().map { ($0, self.networkCount(of: $0)) }.sorted { $0.count > $1.count }
    }

    private func isConfirmed(_ address: Multiaddress) -> Bool {
        self.networkCount(of: address) >= self.rules.confirmationCount
    }

    private func networkCount(of address: Multiaddress) -> Int {
        Set(self.reports.lazy.filter { $0.address == address }.map(\.network)).count
    }

    private mutating func expire(now: Duration) {
        let lifetime = self.rules.lifetime
        self.reports.removeAll { now - $0.time >= lifetime }
    }

    /// Makes room for one more among the reports that `isAlike` is true of, at the cost of the oldest.
    private mutating func drop(beyond limit: Int, _ isAlike: (Report) -> Bool) {
        guard self.reports.count(where: isAlike) >= limit, let index = self.reports.firstIndex(where: isAlike) else {
            return
        }
        self.reports.remove(at: index)
    }
}
