import QUIC

/// Names and values for the report, in order.
struct PeerFindings: Sendable {
    enum Value: Sendable {
        case text(String)
        case whole(Int)
        case wholes([Int])
        case fraction(Double, digits: Int)
        case truth(Bool)
    }

    private var members: [(name: String, value: Value)] = []

    init() {}

    /// What was agreed on.
    init(_ connection: QUICConnection) {
        guard let summary = connection.handshakeSummary else { return }
        self.add("alpn", .text(summary.applicationProtocol))
        self.add("version", .text("v\(summary.version)"))
        self.add("cipher", .text(summary.cipher))
        self.add("resumed", .truth(summary.isResumed))
        self.add("early", .truth(summary.acceptedEarlyData))
    }

    /// Microseconds of round trips, in any order.
    init(roundTrips times: [Double]) {
        let times = times.sorted()
        self.add("rounds", .whole(times.count))
        guard let least = times.first else { return }
        for (name, perMille) in [("p50_us", 500), ("p99_us", 990), ("p999_us", 999)] {
            self.add(name, .fraction(times[times.count * perMille / 1_000], digits: 1))
        }
        self.add("min_us", .fraction(least, digits: 1))
    }

    mutating func add(_ name: String, _ value: Value) { self.members.append((name, value)) }

    /// What the endpoint had to do for it, which `scripts/counts` relates to what the process did.
    mutating func addCounts(of endpoint: QUICEndpoint) async {
        let counts = await endpoint.statistics()
        let loops = endpoint.loopStatistics
        self.add("packets_sent", .whole(Int(clamping: counts.sockets.datagramsSent)))
        self.add("packets_received", .whole(Int(clamping: counts.datagramsReceived)))
        self.add("send_calls", .whole(Int(clamping: counts.sockets.sendCalls)))
        self.add("receive_calls", .whole(Int(clamping: counts.sockets.receiveCalls)))
        self.add("wakes", .whole(Int(clamping: counts.wakes)))
        self.add("loop_turns", .whole(loops.turns))
        self.add("loop_sleeps", .whole(loops.sleeps))
        self.add("loop_wake_writes", .whole(loops.wakeWrites))
        self.add("loop_jobs_from_elsewhere", .whole(loops.jobsFromElsewhere))
    }

    func add(to object: inout JSONObject) {
        for member in self.members {
            switch member.value {
            case .text(let text): object.add(member.name, text)
            case .whole(let number): object.add(member.name, number)
            case .wholes(let numbers): object.add(member.name, numbers.map { Double($0) }, digits: 0)
            case .fraction(let number, let digits): object.add(member.name, number, digits: digits)
            case .truth(let truth): object.add(member.name, truth)
            }
        }
    }
}
