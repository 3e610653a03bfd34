import QUIC
import QUICIO

/// What a packet costs a server that has few connections, and one that has many: small datagrams that come back, each
/// connection in its turn, both servers by turns.
struct RouterBenchmark {
    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        var benchmark = RouterBenchmark()
        let isJSON = arguments.flag("--json")
        if let counts = try arguments.list("--connections") {
            benchmark.counts = try counts.map {
                guard let count = Int($0), 1...60_000 ~= count else {
                    throw UsageError(message: "--connections is numbers from 1 to 60000, such as 10,10000, not \($0)")
                }
                return count
            }
            guard benchmark.counts.count > 1 else {
                throw UsageError(message: "--connections needs two numbers or more: the first is what is compared with")
            }
        }
        benchmark.rounds = try arguments.whole("--rounds", 1...1_000) ?? benchmark.rounds
        benchmark.messages = try arguments.whole("--messages", 1_000...10_000_000) ?? benchmark.messages
        benchmark.inFlight = try arguments.whole("--in-flight", 1...1_000) ?? benchmark.inFlight
        try arguments.end()
        let result = try await benchmark.measure()
        Console.write(isJSON ? result.json : result.table)
        return 0
    }

    var counts = [10, 10_000]
    var rounds = 5
    var messages = 50_000
    var inFlight = 10

    /// Nanoseconds of the server's event loop per packet that it received, one value per round.
    struct Row {
        let connections: Int
        let active: Int
        var nanoseconds: [Double] = []

        var median: Double {
            let sorted = self.nanoseconds.sorted()
            guard let first = sorted.first else { return 0 }
            let middle = sorted.count / 2
            return sorted.count == 1 ? first : (sorted[middle] + sorted[(sorted.count - 1) / 2]) / 2
        }

        var name: String {
            let all = self.active == self.connections
            return "\(self.connections) connections, \(all ? "all in turn" : "\(self.active) of them in turn")"
        }
    }

    struct Result {
        let rows: [Row]

        private func ratio(_ row: Row) -> Double { row.median / max(self.rows.first?.median ?? 1, 1) }

        var table: String {
            var table = Table()
            for row in self.rows {
                let (low, high) = (row.nanoseconds.min() ?? 0, row.nanoseconds.max() ?? 0)
                table.add(
                    row.name,
                    "\(row.median.formatted(0)) ns per packet (\(low.formatted(0)) to \(high.formatted(0))), ratio "
                        + self.ratio(row).formatted(2))
            }
            return table.text
        }

        var json: String {
            var object = JSONObject()
            object.add("case", "router")
            object.add("connections", self.rows.map { Double($0.connections) }, digits: 0)
            object.add("active", self.rows.map { Double($0.active) }, digits: 0)
            object.add("ns_per_packet", self.rows.map(\.median), digits: 1)
            object.add("lowest", self.rows.map { $0.nanoseconds.min() ?? 0 }, digits: 1)
            object.add("highest", self.rows.map { $0.nanoseconds.max() ?? 0 }, digits: 1)
            object.add("ratio", self.rows.map(self.ratio))
            return object.text
        }
    }

    /// Every number of connections, and of the larger numbers also as few of them as the first: what the tables and
    /// timers cost, apart from what 10,000 connections cost a processor's caches.
    func measure() async throws -> Result {
        var services: [EchoService] = []
        var rows: [(row: Row, service: EchoService)] = []
        for count in self.counts {
            Console.progress("connecting \(count)")
            let service = try await EchoService(connections: count)
            services.append(service)
            if let least = self.counts.first, count > least {
                rows.append((Row(connections: count, active: least), service))
            }
            rows.append((Row(connections: count, active: count), service))
        }
        // The first is not counted: windows grow, and path MTU discovery ends.
        for round in 0...self.rounds {
            Console.progress("round \(round) of \(self.rounds)")
            for index in rows.indices {
                let cost = try await rows[index].service.cost(
                    messages: self.messages, active: rows[index].row.active, inFlight: self.inFlight)
                if round > 0 { rows[index].row.nanoseconds.append(cost) }
                // Late acknowledgements belong to this measurement, not to the next one.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        Console.endProgress()
        for service in services { await service.end() }
        return Result(rows: rows.map(\.row))
    }
}
