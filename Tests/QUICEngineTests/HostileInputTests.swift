import QUICEngine
import QUICTestSupport
import Testing

/// Random and mutated datagrams: nothing traps, nothing grows, and an established connection goes on working.
@Suite("Hostile datagrams")
struct HostileInputTests {
    /// A million in all, split so that both cores work.
    private static let groups = 8
    private static let datagramsPerGroup = 62_500

    @Test("random and mutated datagrams into fresh servers make no trap and leave nothing", arguments: 0..<groups)
    func freshServer(group: Int) throws {
        let samples = try Self.record(seed: UInt64(group)).filter { $0.toServer }.map(\.bytes)
        var random = SeededRandomness(seed: UInt64(group) &+ 1_000)
        let identities = ServerIdentities(default: Scenario.serverIdentity)
        let tls = TLSServerConfiguration(identities: identities, protocols: ["test"])
        let resources = EngineResources()
        let path = NetworkPath(
            local: NetworkAddress(ipv4: (10, 0, 0, 1), port: 4_433),
            remote: NetworkAddress(ipv4: (10, 0, 0, 2), port: 50_000))
        var victim = Victim(path: path)
        var now = EngineInstant(nanoseconds: 1_000_000_000)
        for _ in 0..<Self.datagramsPerGroup {
            let datagram = Self.mutate(samples.randomElement(using: &random) ?? [], &random)
            _ = StatelessPacket.header(of: datagram.span.bytes, localIDLength: 8)
            now = now.advanced(by: .microseconds(100))
            if victim.isUsedUp, let initial = try? InitialPacket(datagram.span.bytes) {
                let acceptance = ServerAcceptance(
                    initial, path: path, tls: tls, resetSecret: [UInt8](repeating: 1, count: 32))
                victim.engine = try? ConnectionEngine(acceptance, resources: resources, random: random, now: now)
                victim.fed = 0
            }
            victim.feed(datagram, now: now)
        }
        #expect(victim.total > Self.datagramsPerGroup / 2, "most of the datagrams reached an engine")
        #expect(victim.largestBacklog < 100, "events of one datagram")
        #expect(!victim.exceededAmplification, "RFC 9000 §8.1: three times what came, until the address is validated")
        victim.engine = nil
        #expect(resources.live == .none)
    }

    /// A server engine that is thrown away after fifty datagrams.
    private struct Victim {
        let path: NetworkPath
        var engine: ConnectionEngine?
        var fed = 0
        private(set) var total = 0
        private(set) var largestBacklog = 0
        private(set) var exceededAmplification = false
        private var received = 0
        private var sent = 0

        init(path: NetworkPath) { self.path = path }

        var isUsedUp: Bool { self.engine == nil || self.fed >= 50 || self.engine?.phase == .closed }

        mutating func feed(_ datagram: [UInt8], now: EngineInstant) {
            guard let engine = self.engine else { return }
            if self.fed == 0 { (self.received, self.sent) = (0, 0) }
            self.fed += 1
            self.total += 1
            self.received += datagram.count
            engine.receive(datagram.span.bytes, path: self.path, ecn: .ect0, now: now)
            engine.handleTimeout(now: now)
            var buffer = [UInt8](repeating: 0, count: 1_500)
            var span = buffer.mutableSpan
            var target = span.mutableBytes
            while true {
                let written = engine.transmit(into: &target, now: now)
                self.sent += written
                if written == 0 { break }
            }
            self.largestBacklog = max(self.largestBacklog, engine.drainEvents().count)
            if engine.phase == .handshaking, self.sent > 3 * self.received { self.exceededAmplification = true }
        }
    }

    @Test("random and mutated datagrams do not disturb an established connection", arguments: 0..<groups)
    func establishedServer(group: Int) throws {
        let scenario = Scenario(seed: UInt64(group), conditions: LinkConditions(delay: .milliseconds(1)))
        let (client, server) = try scenario.connect()
        let samples = try Self.record(seed: UInt64(group)).map(\.bytes)
        var random = SeededRandomness(seed: UInt64(group) &+ 2_000)
        let ids = try #require(server.engine?.connectionIDs.map(\.id))
        let path = NetworkPath(local: scenario.client.address, remote: scenario.server.address)
        server.keepsRecords = false
        let chunks = scenario.simulation.resources.live.chunks
        for index in 0..<Self.datagramsPerGroup {
            var datagram = Self.mutate(samples.randomElement(using: &random) ?? [], &random)
            // Half of them carry one of the connection's own IDs, so that they get as far as decryption.
            if index & 1 == 0, datagram.count > 9, let id = ids.randomElement(using: &random) {
                datagram.replaceSubrange(1..<9, with: id.bytes)
                datagram[0] &= 0x7f
            }
            server.engine?.receive(datagram.span.bytes, path: path.reversed, ecn: .notCapable, now: scenario.now)
            // Events and answers are looked at now and then, as an endpoint does between bursts.
            if index % 64 == 0 {
                #expect(server.engine?.drainEvents().count ?? 0 < 100)
                scenario.run(.zero)
            }
        }
        #expect(scenario.simulation.resources.live.chunks == chunks)
        #expect(server.phase == .confirmed)
        server.keepsRecords = true
        let id = try client.open(sending: pattern(50_000))
        #expect(scenario.run(.seconds(30)) { server.ended.contains(id) })
        #expect(server.received[id] == pattern(50_000))
        scenario.expectNothingLeft()
    }

    /// The datagrams of a real connection, both ways.
    private static func record(seed: UInt64) throws -> [(bytes: [UInt8], toServer: Bool)] {
        final class Recorder { var datagrams: [(bytes: [UInt8], toServer: Bool)] = [] }
        let recorder = Recorder()
        let scenario = Scenario(seed: seed)
        let server = scenario.server.address
        scenario.simulation.network.filter = { _, path, bytes in
            recorder.datagrams.append((bytes.withUnsafeBytes { Array($0) }, path.remote == server))
            return .deliver
        }
        let (client, _) = try scenario.connect()
        try client.open(sending: pattern(5_000))
        scenario.run(.seconds(1))
        scenario.expectNothingLeft()
        return recorder.datagrams
    }

    private static func mutate(_ sample: [UInt8], _ random: inout SeededRandomness) -> [UInt8] {
        var bytes = sample
        switch UInt8.random(in: 0..<6, using: &random) {
        case 0:
            bytes = (0..<Int.random(in: 0...1_500, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next())
            }
        case 1: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        case 2:
            bytes += (0..<Int.random(in: 1...200, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 3 where bytes.count > 30:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<30, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            }
        case 4 where !bytes.isEmpty:
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: break
        }
        return bytes
    }
}
