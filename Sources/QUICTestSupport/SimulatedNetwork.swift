public import QUICEngine

/// A network in memory whose every loss, delay and reordering follows from a seed.
///
///     let clock = ManualClock()
///     let network = SimulatedNetwork(seed: 7, clock: clock)
///     network.defaultConditions = .bad
///     network.send(datagram.span.bytes, path: NetworkPath(local: client, remote: server), ecn: .ect0)
///     while let instant = network.nextDelivery {
///         clock.advance(to: instant)
///         while let delivery = network.popDelivery(upTo: clock.now) { receive(delivery) }
///     }
///
/// Endpoints need no registration: whatever is sent to an address comes out as a delivery for it. The same calls in the
/// same order give the same schedule, and what two hosts see does not depend on the traffic of others.
public final class SimulatedNetwork {
    /// The clock that says when packets are sent.
    public let clock: ManualClock
    /// Sees every packet first and may decide its fate; the index counts all packets of the network from zero, and the
    /// path is the sender's.
    public var filter: ((_ index: Int, _ path: NetworkPath, _ bytes: RawSpan) -> PacketFate)?
    /// What became of the packets of all directions.
    public private(set) var statistics = NetworkStatistics()

    var links: LinkTable
    var translation = AddressTranslation()
    var partitions: Set<NetworkPath> = []
    var unreachableAddresses: Set<NetworkAddress> = []

    private var packets = PacketsInFlight()
    private var log = ScheduleLog()
    private var spareBuffers: [[UInt8]] = []
    private var nextIndex = 0

    /// Creates a network without delay or loss.
    public init(seed: UInt64, clock: ManualClock) {
        self.clock = clock
        self.links = LinkTable(seed: seed)
    }

    /// Takes a copy of a datagram and decides what becomes of it.
    public func send(_ bytes: RawSpan, path: NetworkPath, ecn: ECN) {
        let index = self.nextIndex
        self.nextIndex += 1
        let receiver = self.translation.inner(of: path.remote)
        let physicalPath = NetworkPath(local: path.local, remote: receiver)
        var packet = SimulatedPacket(
            index: index, source: self.translation.outer(of: path.local), destination: path.remote,
            link: self.links.link(on: physicalPath), bytes: [], ecn: ecn)
        self.count(packet.link) {
            $0.sent += 1
            $0.bytesSent += bytes.byteCount
        }

        let fate = self.filter?(index, path, bytes) ?? .deliver
        if case .replace(let others) = fate { packet.bytes = others } else { packet.bytes = self.copy(bytes) }
        if fate == .drop { return self.end(packet, .filtered) }
        if self.arePartitioned(physicalPath) { return self.end(packet, .partitioned) }
        if self.unreachableAddresses.contains(receiver) { return self.end(packet, .unreachable) }
        self.pass(packet, fate: fate)
    }

    /// Takes a copy of a datagram and decides what becomes of it.
    public func send(_ bytes: [UInt8], path: NetworkPath, ecn: ECN = .notCapable) {
        self.send(bytes.span.bytes, path: path, ecn: ecn)
    }

    /// When the next packet arrives; nil while nothing is in flight.
    ///
    /// The packet may still vanish then, if its destination's NAT binding is gone.
    public var nextDelivery: EngineInstant? {
        self.packets.nextArrival.map(EngineInstant.init(nanoseconds:))
    }

    /// Returns the next packet that has arrived by `now`, in the order of arrival; nil once there is none.
    public func popDelivery(upTo now: EngineInstant) -> Delivery? {
        while let arrival = self.packets.nextArrival, arrival <= now.nanoseconds {
            guard let (packet, _) = self.packets.popFirst() else { return nil }
            // The NAT stands before the receiver: what counts is the binding it has when the packet comes.
            let receiver = self.translation.inner(of: packet.destination)
            guard self.translation.outer(of: receiver) == packet.destination else {
                self.end(packet, .unbound, at: arrival)
                continue
            }
            let isReordered = packet.link.isReordered(packetAt: packet.index)
            self.count(packet.link) {
                $0.delivered += 1
                $0.bytesDelivered += packet.bytes.count
                if isReordered { $0.reordered += 1 }
            }
            self.log.record(.delivered, of: packet, at: arrival)
            return Delivery(
                bytes: packet.bytes, path: NetworkPath(local: receiver, remote: packet.source), ecn: packet.ecn,
                arrival: EngineInstant(nanoseconds: arrival))
        }
        return nil
    }

    /// Gives the buffer of a delivery back for later packets; worth it only where many are delivered.
    public func recycle(_ delivery: consuming Delivery) {
        guard self.spareBuffers.count < 1024 else { return }
        self.spareBuffers.append(delivery.bytes)
    }

    /// Whether nothing is in flight.
    public var isEmpty: Bool { self.packets.count == 0 }

    /// How many packets are in flight, copies included.
    public var packetsInFlight: Int { self.packets.count }

    /// Makes every packet in flight vanish.
    public func dropEverythingInFlight() {
        while let (packet, _) = self.packets.popFirst() { self.end(packet, .discarded) }
    }

    /// What became of the packets from one host to another, or between two addresses with conditions of their own.
    ///
    /// Both are the endpoints' own addresses, as the conditions' are.
    public func statistics(from source: NetworkAddress, to destination: NetworkAddress) -> NetworkStatistics {
        self.links.statistics(on: NetworkPath(local: source, remote: destination))
    }

    /// A hash over the time, the addresses, the size and the fate of every packet so far.
    ///
    /// The contents do not count: ciphertext differs between runs even where the schedule is the same.
    public var digest: UInt64 { self.log.digest.value }

    /// How many lines of trace to keep; zero, as at first, for none.
    public var traceLimit: Int {
        get { self.log.limit }
        set { self.log.limit = newValue }
    }

    /// The latest `traceLimit` events, oldest first.
    public var trace: [TraceLine] { self.log.lines }

    private func pass(_ packet: consuming SimulatedPacket, fate: PacketFate) {
        var extraDelay = Duration.zero
        if case .delay(let duration) = fate { extraDelay = duration }
        let link = packet.link
        let passage = link.pass(
            size: packet.bytes.count, ecn: packet.ecn, at: self.clock.now.nanoseconds,
            duplicating: fate == .duplicate, extraDelay: extraDelay)
        guard passage.event == .scheduled else { return self.end(packet, passage.event) }

        if passage.isMarked {
            packet.ecn = .congestionExperienced
            self.count(link) { $0.marked += 1 }
        } else if link.conditions.bleachesECN {
            packet.ecn = .notCapable
        }
        if let seed = passage.corruptionSeed, !packet.bytes.isEmpty {
            packet.corrupt(seed: seed)
            self.count(link) { $0.corrupted += 1 }
        }
        self.log.record(.scheduled, of: packet, at: self.clock.now.nanoseconds)
        if let arrival = passage.duplicateArrival {
            self.count(link) { $0.duplicated += 1 }
            self.log.record(.duplicated, of: packet, at: self.clock.now.nanoseconds)
            self.packets.insert(packet, arrivingAt: passage.arrival)
            self.packets.insert(packet, arrivingAt: arrival)
        } else {
            self.packets.insert(packet, arrivingAt: passage.arrival)
        }
    }

    private func end(_ packet: consuming SimulatedPacket, _ event: PacketEvent, at time: UInt64? = nil) {
        self.count(packet.link) { $0.count(event) }
        self.log.record(event, of: packet, at: time ?? self.clock.now.nanoseconds)
        if self.spareBuffers.count < 1024 { self.spareBuffers.append(packet.bytes) }
    }

    private func count(_ link: Link, _ change: (inout NetworkStatistics) -> Void) {
        change(&self.statistics)
        change(&link.statistics)
    }

    private func copy(_ bytes: RawSpan) -> [UInt8] {
        var buffer = self.spareBuffers.popLast() ?? []
        buffer.removeAll(keepingCapacity: true)
        bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
        return buffer
    }
}
