internal import QUIC

/// What a host says and hears on a link, without sockets and clocks: when to ask, what to answer, whom to remember.
///
/// Instants are nanoseconds on any clock that does not go back.
struct MulticastDNSCore: Sendable {
    /// A peer that answered.
    struct Sighting: Hashable, Sendable {
        let peer: PeerID
        let addresses: [Multiaddress]
    }

    /// Over what an answer came: the same one comes over each interface and family, and a link-local address in it means
    /// another one each time, or none.
    private struct View: Hashable {
        let family: NetworkAddress.Family
        let scopeID: UInt32
    }

    private struct Known {
        var views: [View: (addresses: [Multiaddress], expiry: UInt64)] = [:]

        /// When nothing of it holds any more.
        var expiry: UInt64 { self.views.values.map(\.expiry).max() ?? 0 }

        /// What holds, in an order that is always the same.
        func addresses(_ now: UInt64) -> [Multiaddress] {
            let order = self.views.sorted {
                ($0.key.family.rawValue, $0.key.scopeID) < ($1.key.family.rawValue, $1.key.scopeID)
            }
            return order.filter { $0.value.expiry > now }.flatMap(\.value.addresses).reduce(into: []) { all, address in
                if !all.contains(address) { all.append(address) }
            }
        }
    }

    /// The service of all libp2p hosts.
    static let service = "_p2p._udp.local"
    /// Asked for by those who look at which services there are (RFC 6763 §9).
    static let allServices = "_services._dns-sd._udp.local"
    /// Fits into one packet on every link, headers included.
    static let maximumByteCount = 1_200
    /// Datagrams that are read in one second, so that a flood costs little.
    static let maximumDatagramsPerSecond = 500

    private let peer: PeerID
    private let configuration: MulticastDNS.Configuration
    private let names: Names?
    private var random: any RandomNumberGenerator & Sendable
    private var known: [PeerID: Known] = [:]
    private var nextQuestion: UInt64 = 0
    private var interval: UInt64
    private var nextAnswer: UInt64? = 0
    private var isAskedForServices = false
    private var lastAnswer: UInt64?
    private var second: (start: UInt64, count: Int) = (0, 0)

    private struct Names {
        let service: DNSName
        let services: DNSName
        let own: DNSName
    }

    init(peer: PeerID, _ configuration: MulticastDNS.Configuration, random: any RandomNumberGenerator & Sendable) {
        var random = random
        self.peer = peer
        self.configuration = configuration
        self.interval = Self.nanoseconds(configuration.firstInterval)
        // A name that says nothing of the peer and that no other host has.
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let label = String((0..<40).compactMap { _ in letters.randomElement(using: &random) })
        if let service = DNSName(Self.service), let services = DNSName(Self.allServices),
            let own = service.prefixed(by: label)
        {
            self.names = Names(service: service, services: services, own: own)
        } else {
            self.names = nil
        }
        self.random = random
    }

    /// When ``messages(now:addresses:)`` has something to send.
    var deadline: UInt64 { min(self.nextQuestion, self.nextAnswer ?? .max) }

    /// How many peers are remembered.
    var peerCount: Int { self.known.count }

    /// The datagrams that are due, for the group on every interface.
    mutating func messages(now: UInt64, addresses: [Multiaddress]) -> [[UInt8]] {
        guard let names = self.names else { return [] }
        var messages: [[UInt8]] = []
        if now >= self.nextQuestion {
            let question = DNSQuestion(name: names.service, type: .ptr)
            messages.append(DNSMessage(questions: [question]).encoded)
            self.nextQuestion = now &+ self.interval
            self.interval = min(
                self.interval.multipliedReportingOverflow(by: 2).partialValue,
                max(Self.nanoseconds(self.configuration.longestInterval), 1_000_000_000))
        }
        if let due = self.nextAnswer, now >= due {
            self.nextAnswer = nil
            if let answer = self.answer(names, addresses, isFarewell: false) {
                messages.append(answer.encoded)
                self.lastAnswer = now
            }
            self.isAskedForServices = false
        }
        return messages
    }

    /// Tells everybody to forget this host.
    func farewell(addresses: [Multiaddress]) -> [UInt8]? {
        self.names.flatMap { self.answer($0, addresses, isFarewell: true)?.encoded }
    }

    /// The network is another one: ask and tell at once.
    mutating func networkChanged(now: UInt64) {
        self.nextQuestion = now
        self.interval = Self.nanoseconds(self.configuration.firstInterval)
        self.scheduleAnswer(now, after: 0)
    }

    /// Takes a datagram in; returns the peers that are new, and those whose addresses are others now.
    mutating func receive(_ bytes: [UInt8], from remote: NetworkAddress, now: UInt64) -> [Sighting] {
        if now &- self.second.start >= 1_000_000_000 { self.second = (now, 0) }
        self.second.count += 1
        // RFC 6762 §6: who answers from another port is no responder of the link.
        guard self.second.count <= Self.maximumDatagramsPerSecond, bytes.count <= 9_000, let names = self.names,
            let message = try? DNSMessage(decoding: bytes), message.operation == 0, message.responseCode == 0
        else { return [] }
        guard message.isResponse else {
            self.hear(message, names, now)
            return []
        }
        guard remote.port == self.configuration.port else { return [] }
        return self.take(message, names, from: remote, now)
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(min(seconds, 1 << 31)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}

/// Answering.
extension MulticastDNSCore {
    private mutating func hear(_ message: DNSMessage, _ names: Names, _ now: UInt64) {
        for question in message.questions where [1, 255].contains(question.kind & 0x7FFF) {
            switch (question.name, question.type) {
            case (names.services, .ptr), (names.services, .any): self.isAskedForServices = true
            case (names.service, .ptr), (names.service, .any):
                // RFC 6762 §7.1: the asker knows us already.
                guard !message.answers.contains(where: { self.isOurs($0, names) }) else { continue }
            case (names.own, .txt), (names.own, .any): break
            default: continue
            }
            // RFC 6762 §6: so that not all answer at the same moment.
            self.scheduleAnswer(now, after: UInt64.random(in: 20_000_000...120_000_000, using: &self.random))
        }
    }

    private func isOurs(_ record: DNSRecord, _ names: Names) -> Bool {
        let half = Self.nanoseconds(self.configuration.timeToLive) / 2_000_000_000
        return record.type == .ptr && record.name == names.service && record.content == .name(names.own)
            && UInt64(record.timeToLive) >= half
    }

    /// One answer is enough for all who asked meanwhile, and never two in one second (RFC 6762 §6).
    private mutating func scheduleAnswer(_ now: UInt64, after delay: UInt64) {
        guard self.nextAnswer == nil else { return }
        let earliest = self.lastAnswer.map { $0 &+ 1_000_000_000 } ?? 0
        self.nextAnswer = max(now &+ delay, earliest)
    }

    private func answer(_ names: Names, _ addresses: [Multiaddress], isFarewell: Bool) -> DNSMessage? {
        let strings = self.announcements(of: addresses)
        guard !strings.isEmpty else { return nil }
        let seconds = isFarewell ? 0 : Self.nanoseconds(self.configuration.timeToLive) / 1_000_000_000
        func record(_ name: DNSName, _ type: DNSRecord.Kind, _ kind: UInt16, _ content: DNSRecord.Content) -> DNSRecord
        {
            DNSRecord(
                name: name, type: type, kind: kind, timeToLive: UInt32(clamping: seconds), content: content)
        }
        var message = DNSMessage(flags: DNSMessage.response | DNSMessage.authoritative)
        message.answers = [record(names.service, .ptr, 1, .name(names.own))]
        if self.isAskedForServices { message.answers.append(record(names.services, .ptr, 1, .name(names.service))) }
        // Ours alone, so that it replaces what was known (RFC 6762 §10.2).
        message.additionals = [record(names.own, .txt, 0x8001, .strings(strings))]
        return message
    }

    /// The strings of the TXT record: what fits.
    private func announcements(of addresses: [Multiaddress]) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        // The names, the headers of three records and of the message.
        var byteCount = 300
        for address in addresses where self.isForOthers(address) {
            let text = Array("dnsaddr=\(Self.withoutZone(address).appending(self.peer))".utf8)
            byteCount += text.count + 1
            guard text.count <= 255, byteCount <= Self.maximumByteCount else { continue }
            if !strings.contains(text) { strings.append(text) }
        }
        return strings
    }

    private func isForOthers(_ address: Multiaddress) -> Bool {
        self.configuration.announcedReaches.contains(address.reach) && (try? address.networkAddress()) != nil
    }

    /// Interfaces have other names on other hosts.
    private static func withoutZone(_ address: Multiaddress) -> Multiaddress {
        guard address.components.count > 1, address.components.first?.kind == .ip6zone else { return address }
        return Multiaddress(unchecked: Array(address.components.dropFirst()))
    }
}

/// Finding.
extension MulticastDNSCore {
    private mutating func take(
        _ message: DNSMessage, _ names: Names, from remote: NetworkAddress, _ now: UInt64
    ) -> [Sighting] {
        var order: [PeerID] = []
        var told: [PeerID: (addresses: [Multiaddress], seconds: UInt32)] = [:]
        for record in message.answers + message.additionals {
            guard record.type == .txt, record.name != names.own, case .strings(let strings) = record.content,
                DNSName(labels: Array(record.name.labels.dropFirst())) == names.service
            else { continue }
            for string in strings {
                // What another host calls itself is not to be found from here.
                guard let address = Self.address(in: string, from: remote), let peer = address.peerID,
                    peer != self.peer, self.configuration.usesLoopback || address.reach != .loopback
                else { continue }
                if told[peer] == nil { order.append(peer) }
                var (addresses, seconds) = told[peer] ?? ([], record.timeToLive)
                let plain = address.withoutPeer
                if addresses.count < self.configuration.maximumAddresses, !addresses.contains(plain) {
                    addresses.append(plain)
                }
                seconds = min(seconds, record.timeToLive)
                told[peer] = (addresses, seconds)
            }
        }
        return order.compactMap { peer in
            told[peer].flatMap { self.remember(peer, $0.addresses, seconds: $0.seconds, from: remote, now) }
        }
    }

    /// An address that can be dialled from here.
    private static func address(in string: [UInt8], from remote: NetworkAddress) -> Multiaddress? {
        let prefix = Array("dnsaddr=".utf8)
        guard string.starts(with: prefix), let text = String(validating: string.dropFirst(prefix.count), as: UTF8.self),
            let read = try? Multiaddress(text)
        else { return nil }
        var address = self.withoutZone(read)
        if address.reach == .linkLocal, address.components.first?.kind == .ip6 {
            guard remote.scopeID != 0, let zone = Multiaddress(remote).components.first, zone.kind == .ip6zone else {
                return nil
            }
            address = Multiaddress(unchecked: [zone] + address.components)
        }
        return (try? address.networkAddress()) == nil ? nil : address
    }

    private mutating func remember(
        _ peer: PeerID, _ addresses: [Multiaddress], seconds: UInt32, from remote: NetworkAddress, _ now: UInt64
    ) -> Sighting? {
        guard seconds > 0 else {
            self.known[peer] = nil
            return nil
        }
        if self.known[peer] == nil { self.makeRoom() }
        var known = self.known[peer] ?? Known()
        let before = known.addresses(now)
        // Two hours are enough for everybody.
        known.views[View(family: remote.family, scopeID: remote.scopeID)] = (
            addresses, now &+ UInt64(min(seconds, 7_200)) * 1_000_000_000
        )
        known.views = known.views.filter { $0.value.expiry > now }
        self.known[peer] = known
        let after = known.addresses(now)
        return Set(before) == Set(after) ? nil : Sighting(peer: peer, addresses: after)
    }

    private mutating func makeRoom() {
        guard self.known.count >= max(self.configuration.maximumPeers, 1) else { return }
        let soonest = self.known.min { $0.value.expiry < $1.value.expiry }
        if let soonest { self.known[soonest.key] = nil }
    }
}
