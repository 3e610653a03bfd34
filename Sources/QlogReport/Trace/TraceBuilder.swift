/// Takes the events of one trace and makes columns of them.
struct TraceBuilder {
    var trace = QlogTrace()
    /// One for each packet number space.
    var ledgers = [AckLedger(), AckLedger(), AckLedger()]
    var clock = TraceClock()
    private var ignored = 0

    var isEmpty: Bool { self.trace.isEmpty }

    /// The trace with its times.
    func finish() -> QlogTrace {
        var trace = self.trace
        let times = self.clock.times()
        func resolve(_ events: [Int]) -> [Int] { events.map { times[$0] } }
        trace.packets.times = resolve(trace.packets.times)
        for index in trace.packets.settled.indices where trace.packets.settled[index] >= 0 {
            trace.packets.settled[index] = times[trace.packets.settled[index]] - trace.packets.times[index]
        }
        for index in trace.series.indices { trace.series[index].times = resolve(trace.series[index].times) }
        trace.marks = trace.marks.map(self.named)
        for index in trace.marks.indices { trace.marks[index].time = times[trace.marks[index].time] }
        trace.end = times.last ?? 0
        trace.description.started = self.clock.started
        if self.ignored > 0 { trace.notes.append("\(self.ignored) records are no events of qlog and were left out") }
        return trace
    }

    mutating func note(_ text: String) { self.trace.notes.append(text) }

    mutating func ignore() { self.ignored += 1 }

    /// Until the end, the time of an event is its number.
    mutating func add(event: JSONValue) {
        guard let time = event["time"].number else { return self.ignore() }
        let now = self.clock.add(time)
        let data = event["data"]
        let type = event["name"].eventType
        if type.elementsEqual("packet_sent".utf8) {
            self.addPacket(data, isSent: true, now: now)
        } else if type.elementsEqual("packet_received".utf8) {
            self.addPacket(data, isSent: false, now: now)
        } else if type.elementsEqual("metrics_updated".utf8) || type.elementsEqual("recovery_metrics_updated".utf8) {
            self.addQuantities(data, now: now)
        } else if type.elementsEqual("packet_lost".utf8) {
            self.addLoss(data, now: now)
        } else {
            self.addOther(String(decoding: type, as: UTF8.self), data, now: now)
        }
    }

    private mutating func addQuantities(_ data: JSONValue, now: Int) {
        self.add(.congestionWindow, (data["congestion_window"].count ?? data["cwnd"].count), now)
        self.add(.bytesInFlight, data["bytes_in_flight"].count, now)
        self.add(.slowStartThreshold, data["ssthresh"].count, now)
        if let latest = Self.microseconds(data["latest_rtt"]) {
            self.trace.roundTrips.append(latest)
            self.add(.latestRTT, latest, now)
        }
        // RFC 9002 §6.2.2: before the first sample it is a guess, which would flatten the plot.
        if data["latest_rtt"].number != 0 { self.add(.smoothedRTT, Self.microseconds(data["smoothed_rtt"]), now) }
        self.add(.minimumRTT, Self.microseconds(data["min_rtt"]), now)
    }

    /// qlog writes durations in milliseconds. No sample yet is written as 0, or as a value without meaning.
    private static func microseconds(_ value: JSONValue) -> Int? {
        guard let number = value.number, number > 0, number < 1e9 else { return nil }
        return Int((number * 1_000).rounded())
    }

    private mutating func add(_ quantity: QlogTrace.Quantity, _ value: Int?, _ now: Int) {
        // Beyond this a value means "no limit", and would only flatten the plot.
        guard let value, value < 1 << 50 else { return }
        let last = self.trace.series[quantity.rawValue].values.last
        guard last != value else { return }
        self.trace.series[quantity.rawValue].times.append(now)
        self.trace.series[quantity.rawValue].values.append(value)
    }

    private mutating func addLoss(_ data: JSONValue, now: Int) {
        let header = data["header"].isObject ? data["header"] : data
        let named = header["packet_type"]
        let type = PacketType(named.exists ? named : header["type"])
        guard let number = header["packet_number"].count, let space = type.space,
            let packet = self.ledgers[space].packet(number)
        else { return }
        guard self.trace.packets.fates[packet] == .open else { return }
        self.trace.packets.fates[packet] = .lost
        self.trace.packets.settled[packet] = now
    }
}
