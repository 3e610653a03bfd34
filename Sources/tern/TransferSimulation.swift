import QUICEngine
import QUICIO
import QUICTestSupport

/// A server sends files to a client over a simulated link, and everything that arrives is compared.
struct TransferSimulation {
    var bytes = 200_000_000
    var streams = 4
    var roundTrip: Duration = .milliseconds(40)
    var bandwidth = 200_000_000
    var loss = 0.01
    var seed: UInt64 = 1
    var congestionControl = EngineConfiguration.CongestionControl.bbr
    /// Where each end's qlog trace goes: the front of two file names.
    var traceName: String?

    /// What came of it.
    struct Report {
        var handshake: Duration = .zero
        var transfer: Duration = .zero
        var bytes = 0
        var statistics = ConnectionStatistics()
        var network = NetworkStatistics()
        var problems: [String] = []
        var simulation: TransferSimulation
        var wall = 0.0

        var goodput: Double { Double(self.bytes) * 8 / max(self.transfer.seconds, 1e-9) / 1e6 }

        var table: String {
            let damaged =
                self.network.lost + self.network.burstLost + self.network.corrupted + self.network.queueDropped
            var table = Table()
            let link = self.simulation
            table.add(
                "link",
                "\((Double(link.bandwidth) / 1e6).formatted(0)) Mbit/s, "
                    + "\((link.roundTrip.seconds * 1e3).formatted(0)) ms round trip, \((link.loss * 100).formatted(1)) % loss"
            )
            table.add("handshake", "\((self.handshake.seconds * 1e3).formatted(1)) ms")
            table.add("moved", "\((Double(self.bytes) / 1e6).formatted(1)) MB on \(link.streams) streams, all compared")
            table.add(
                "took",
                "\(self.transfer.seconds.formatted(2)) s of virtual time, \(self.wall.formatted(2)) s of yours")
            table.add("goodput", "\(self.goodput.formatted(1)) Mbit/s")
            table.add(
                "loss repaired",
                "\(self.statistics.packetsLost) packets sent again; the link spoiled \(damaged), reordered \(self.network.reordered)"
            )
            table.add(
                "packets",
                "\(self.statistics.datagramsSent) sent, \(self.statistics.datagramsReceived) received by the server")
            table.add(
                "round trip",
                "\((self.statistics.smoothedRTT.seconds * 1e3).formatted(1)) ms smoothed, \((self.statistics.minimumRTT.seconds * 1e3).formatted(1)) ms least"
            )
            table.add("cwnd", "\(self.statistics.congestionWindow / 1_000) kB at the end, \(link.congestionControl)")
            table.add("libraries", "ngtcp2 \(EngineLibrary.ngtcp2Version), GnuTLS \(EngineLibrary.gnutlsVersion)")
            let verdict =
                self.problems.isEmpty
                ? "every byte arrived once, in order and unchanged" : self.problems.joined(separator: "; ")
            return table.text + "\n\n  " + verdict
        }

        var json: String {
            var object = JSONObject()
            object.add("case", "simulate")
            object.add("handshake_ms", self.handshake.seconds * 1e3)
            object.add("bytes", self.bytes)
            object.add("virtual_s", self.transfer.seconds)
            object.add("goodput_mbit_per_s", self.goodput)
            object.add("packets_lost", self.statistics.packetsLost)
            object.add("packets_sent", self.statistics.datagramsSent)
            object.add("cwnd", self.statistics.congestionWindow)
            object.add("problems", self.problems.joined(separator: "; "))
            return object.text
        }
    }

    /// Runs to the end. `progress` is given a line now and then.
    func run(_ progress: (String) -> Void) throws -> Report {
        let simulation = Simulation(seed: self.seed, conditions: self.conditions)
        let server = simulation.addEndpoint()
        let client = simulation.addEndpoint(port: 50_000)
        var report = Report(simulation: self)
        let started = MonotonicClock.now()
        let traces = try self.traceName.map { try SimulationTraces($0) } ?? SimulationTraces()
        let connection = try self.dial(server, client, traces)
        let receiver = Receiver(perStream: self.bytes / self.streams)
        receiver.attach(to: connection)

        guard
            simulation.run(
                for: .seconds(30), until: { connection.isConnected && server.accepted.first?.isConnected == true }),
            let sender = server.accepted.first
        else {
            report.problems.append("no connection: \(connection.closeReason?.description ?? "nobody answered")")
            return report
        }
        report.handshake = connection.engine?.statistics.handshakeDuration ?? .zero
        // Lives in the sender's event handler.
        _ = try Feeder(sender, streams: self.streams, perStream: self.bytes / self.streams)
        let begun = simulation.now
        while receiver.ended < self.streams, connection.closeReason == nil, sender.closeReason == nil {
            simulation.run(for: .milliseconds(100)) { receiver.ended >= self.streams }
            try traces.drain()
            progress(self.line(receiver, sender, elapsed: simulation.now.duration(since: begun)))
            if simulation.now.duration(since: begun) > .seconds(3_600) { break }
        }
        report.transfer = simulation.now.duration(since: begun)
        report.bytes = receiver.total
        report.statistics = sender.engine?.statistics ?? ConnectionStatistics()
        report.network = simulation.network.statistics
        report.problems = receiver.problems
        if receiver.ended < self.streams {
            report.problems.append("\(self.streams - receiver.ended) streams did not end")
        }
        report.problems += simulation.leftovers()
        report.problems += try traces.finish()
        report.wall = Double(MonotonicClock.now() - started) / 1e9
        return report
    }

    private var conditions: LinkConditions {
        LinkConditions(
            delay: self.roundTrip / 2, jitter: .milliseconds(1), keepsOrder: true, bandwidth: self.bandwidth,
            loss: self.loss, reordering: 0.002,
            duplication: 0.001, corruption: 0.0005)
    }

    private func dial(
        _ server: SimulatedEndpoint, _ client: SimulatedEndpoint, _ traces: SimulationTraces
    ) throws -> SimulatedConnection {
        let identities = try TestIdentities(now: WallClock.seconds())
        var configuration = EngineConfiguration.defaults {
            $0.congestionControl = self.congestionControl
            $0.flowControl.sendBuffer = 4 << 20
            $0.streams.bidirectional = 1_000
            $0.streams.unidirectional = 1_000
        }
        configuration.diagnostics.qlog = traces.server
        server.listener = .init(
            tls: TLSServerConfiguration(
                identities: ServerIdentities(default: try identities.identity(for: ["simulated.test"])),
                protocols: ["simulate"]),
            configuration: configuration)
        var tls = TLSClientConfiguration(serverName: "simulated.test", protocols: ["simulate"])
        tls.trust = .roots(identities.store)
        configuration.diagnostics.qlog = traces.client
        return try client.connect(to: server.address, tls: tls, configuration: configuration)
    }

    private func line(_ receiver: Receiver, _ sender: SimulatedConnection, elapsed: Duration) -> String {
        let share = Double(receiver.total) / Double(max(self.bytes, 1))
        let filled = Int(share * 30)
        let bar = String(repeating: "█", count: min(filled, 30)) + String(repeating: "░", count: max(30 - filled, 0))
        let rate = Double(receiver.total) * 8 / max(elapsed.seconds, 1e-9) / 1e6
        let window = (sender.engine?.statistics.congestionWindow ?? 0) / 1_000
        return
            "  \(bar) \((share * 100).formatted(0)) %  \(rate.formatted(0)) Mbit/s  cwnd \(window) kB  \(elapsed.seconds.formatted(1)) s"
    }
}

/// Bytes that say where in which stream they belong.
private struct Pattern {
    let stream: Int64

    func byte(at offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (offset &* 131) ^ (offset >> 9) ^ Int(self.stream) &* 29)
    }

    func bytes(_ range: Range<Int>) -> [UInt8] { range.map { self.byte(at: $0) } }
}

/// Keeps the send queues of all streams filled.
private final class Feeder {
    private var offsets: [StreamID: Int] = [:]
    private let perStream: Int

    init(_ sender: SimulatedConnection, streams: Int, perStream: Int) throws {
        self.perStream = perStream
        sender.keepsRecords = false
        guard let engine = sender.engine else { return }
        for _ in 0..<streams { self.offsets[try engine.openStream(.unidirectional)] = 0 }
        for id in self.offsets.keys.sorted() { self.feed(id, engine) }
        sender.onEvent = { sender, event in
            if case .streamWritable(let id) = event, let engine = sender.engine { self.feed(id, engine) }
        }
    }

    private func feed(_ id: StreamID, _ engine: ConnectionEngine) {
        guard var offset = self.offsets[id] else { return }
        let pattern = Pattern(stream: id.rawValue)
        while offset < self.perStream {
            let piece = pattern.bytes(offset..<min(offset + 65_536, self.perStream))
            let taken = (try? engine.write(piece.span.bytes, to: id)) ?? 0
            offset += taken
            if taken < piece.count { break }
        }
        self.offsets[id] = offset
        if offset == self.perStream { try? engine.finish(id) }
    }
}

/// Compares everything that arrives.
private final class Receiver {
    private(set) var total = 0
    private(set) var problems: [String] = []
    private var offsets: [StreamID: Int] = [:]
    private let perStream: Int
    private weak var connection: SimulatedConnection?

    init(perStream: Int) { self.perStream = perStream }

    var ended: Int { self.connection?.ended.count ?? 0 }

    func attach(to connection: SimulatedConnection) {
        self.connection = connection
        connection.keepsRecords = false
        connection.onBytes = { [unowned self] id, bytes in self.compare(bytes, on: id) }
    }

    private func compare(_ bytes: ArraySlice<UInt8>, on id: StreamID) {
        let offset = self.offsets[id, default: 0]
        let pattern = Pattern(stream: id.rawValue)
        for (index, byte) in bytes.enumerated() where byte != pattern.byte(at: offset + index) {
            if self.problems.count < 5 { self.problems.append("stream \(id) differs at \(offset + index)") }
            break
        }
        self.offsets[id] = offset + bytes.count
        self.total += bytes.count
        if offset + bytes.count > self.perStream { self.problems.append("stream \(id) is too long") }
    }
}
