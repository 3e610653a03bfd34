import QUICEngine
import QUICIO
import QUICTestSupport

/// Moves bytes between two engines in one thread: the C loop's shape (datagrams handed from one to the other).
struct EngineBenchmark {
    static func run(_ arguments: inout Arguments) throws -> Int32 {
        var benchmark = EngineBenchmark()
        let isJSON = arguments.flag("--json")
        benchmark.copies = arguments.flag("--copy")
        benchmark.target = Int((try arguments.number("--gb", 0.001...1_000) ?? 1) * 1e9)
        benchmark.streamCount = Int(try arguments.number("--streams", 1...1_000) ?? 1)
        benchmark.datagramSize = Int(try arguments.number("--datagram", 1_200...65_000) ?? 1_452)
        benchmark.burst = Int(try arguments.number("--burst", 1...64) ?? 64)
        try arguments.end()
        let result = try benchmark.measure()
        Console.write(isJSON ? result.json : result.table)
        return 0
    }

    var target = 1_000_000_000
    var copies = false
    var streamCount = 1
    var datagramSize = 1_452
    var burst = 64

    struct Result {
        let bytes: Int
        let packets: UInt64
        let wall: Double
        let processor: Double
        let chunks: Int

        var gigabitsPerSecond: Double { Double(self.bytes) * 8 / self.wall / 1e9 }
        var nanosecondsPerPacket: Double { self.processor * 1e9 / Double(max(self.packets, 1)) }

        var table: String {
            var table = Table()
            table.add("moved", "\((Double(self.bytes) / 1e9).formatted(2)) GB in \(self.wall.formatted(2)) s")
            table.add("throughput", "\(self.gigabitsPerSecond.formatted(2)) Gbit/s, one thread for both ends")
            table.add("processor", "\(self.nanosecondsPerPacket.formatted(0)) ns per packet, sent and received")
            table.add("packets", "\(self.packets)")
            return table.text
        }

        var json: String {
            var object = JSONObject()
            object.add("case", "engine")
            object.add("gbit_per_s", self.gigabitsPerSecond)
            object.add("ns_per_packet", self.nanosecondsPerPacket, digits: 1)
            object.add("bytes", self.bytes)
            object.add("packets", self.packets)
            object.add("chunks_delivered", self.chunks)
            object.add("wall_s", self.wall)
            object.add("cpu_s", self.processor)
            object.add("ngtcp2", EngineLibrary.ngtcp2Version)
            object.add("gnutls", EngineLibrary.gnutlsVersion)
            return object.text
        }
    }

    func measure() throws -> Result {
        let pair = try EnginePair(self.configuration, burst: self.burst)
        try pair.shakeHands()
        for _ in 0..<self.streamCount { try pair.openStream() }
        // A start that is not measured: windows grow, pools fill.
        try pair.move(min(self.target / 10, 50_000_000), copies: self.copies)
        let packetsBefore = pair.packets
        let chunksBefore = pair.chunksDelivered
        let bytesBefore = pair.bytesDelivered
        let start = MonotonicClock.now()
        let processorStart = ProcessorClock.now()
        try pair.move(self.target, copies: self.copies)
        return Result(
            bytes: pair.bytesDelivered - bytesBefore, packets: pair.packets - packetsBefore,
            wall: Double(MonotonicClock.now() - start) / 1e9,
            processor: Double(ProcessorClock.now() - processorStart) / 1e9,
            chunks: pair.chunksDelivered - chunksBefore)
    }

    private var configuration: EngineConfiguration {
        .defaults {
            $0.flowControl.connectionWindow = 64 << 20
            $0.flowControl.streamWindow = 64 << 20
            $0.flowControl.maximumConnectionWindow = 64 << 20
            $0.flowControl.maximumStreamWindow = 64 << 20
            $0.flowControl.sendBuffer = max((1 << 20) / self.streamCount, 64 << 10)
            $0.packets.maximumSent = self.datagramSize
            $0.packets.assumesMaximumSize = true
            $0.packets.discoversPathMTU = false
            $0.streams.unidirectional = 1_000
            $0.versions = [.version1]
            // The library's own default, which the C loop has; Tern's is 8.
            $0.migration.activeConnectionIDLimit = 2
        }
    }
}
