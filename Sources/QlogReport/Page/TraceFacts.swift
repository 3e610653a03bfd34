/// A trace's head: a few figures in large letters, and rows of names and values.
struct TraceFacts {
    /// Name, value, remark.
    private(set) var figures: [(String, String, String)] = []
    private(set) var rows: [(String, String)] = []

    init(_ trace: QlogTrace) {
        let summary = TraceSummary(trace)
        self.addFigures(summary)
        let about = trace.description
        self.add("QUIC version", about.quicVersion)
        self.add("Application protocol", about.applicationProtocol)
        self.add("Connection", about.group)
        for parameter in about.parameters where parameter.name == "initial_source_connection_id" {
            self.add(parameter.owner == "remote" ? "ID of the other end" : "ID of this end", parameter.value)
        }
        for id in about.connectionIDs { self.add("First \(id.name) ID", id.value) }
        self.add("Written by", [about.implementation, about.title].filter { !$0.isEmpty }.joined(separator: ", "))
        self.add("qlog version", about.qlogVersion)
        self.add("Started", about.started.map(Moment.text) ?? "")
        self.add("End", summary.close ?? "the trace does not say who closed")
        self.add("Streams", summary.streams == 0 ? "" : Quantity.grouped(summary.streams))
        self.add(
            "Stream bytes",
            "\(Quantity.bytes(summary.streamBytesSent)) sent, \(Quantity.bytes(summary.streamBytesReceived)) received")
        if summary.packetsDropped > 0 { self.add("Packets dropped", Quantity.grouped(summary.packetsDropped)) }
        if trace.shift > 0 {
            self.add("Clock", "starts \(Quantity.time(Double(trace.shift) / 1e6)) after the other end")
        }
    }

    private mutating func addFigures(_ summary: TraceSummary) {
        func figure(_ name: String, _ value: String?, _ remark: String) {
            self.figures.append((name, value ?? "–", remark))
        }
        let packets = summary.packetsSent + summary.packetsReceived
        figure("Duration", Quantity.time(summary.duration), "\(Quantity.grouped(packets)) packets")
        figure(
            "Handshake", summary.handshake.map(Quantity.time),
            summary.handshake == nil ? "not confirmed in the trace" : "until confirmed")
        let streams = summary.streams == 1 ? "on one stream" : "on \(Quantity.grouped(summary.streams)) streams"
        figure("Goodput", "\(Quantity.decimal(summary.goodput / 1e6, 2)) Mbit/s", summary.streams == 0 ? "" : streams)
        figure("Sent", Quantity.bytes(summary.bytesSent), "\(Quantity.grouped(summary.packetsSent)) packets")
        figure(
            "Received", Quantity.bytes(summary.bytesReceived), "\(Quantity.grouped(summary.packetsReceived)) packets")
        let wrongly = summary.packetsLostWrongly > 0 ? ", \(summary.packetsLostWrongly) wrongly" : ""
        figure(
            "Lost", "\(Quantity.decimal(summary.lossRate * 100, 2)) %",
            "\(Quantity.grouped(summary.packetsLost)) packets\(wrongly)")
        figure(
            "Round trip", summary.medianRTT.map { Quantity.time($0 / 1e3) },
            summary.minimumRTT.map { "median; \(Quantity.time($0 / 1e3)) least" } ?? "")
        figure("Largest window", summary.largestWindow.map(Quantity.bytes), "congestion window")
    }

    private mutating func add(_ name: String, _ value: String) {
        if !value.isEmpty { self.rows.append((name, value)) }
    }
}

/// Numbers as people read them.
enum Quantity {
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        let scale = (0..<digits).reduce(1) { result, _ in result * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let whole = (value < 0 ? "-" : "") + self.grouped(scaled / scale)
        guard digits > 0 else { return whole }
        let rest = String(scaled % scale)
        return whole + "." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// A time in seconds.
    static func time(_ seconds: Double) -> String {
        seconds < 1 ? "\(self.decimal(seconds * 1e3, 1)) ms" : "\(self.decimal(seconds, 2)) s"
    }

    /// With a comma before every third digit.
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// In powers of ten, as network rates are.
    static func bytes(_ value: Int) -> String {
        var (scaled, unit) = (Double(value), "B")
        for larger in ["kB", "MB", "GB", "TB"] where scaled >= 1_000 { (scaled, unit) = (scaled / 1_000, larger) }
        return "\(self.decimal(scaled, unit == "B" ? 0 : scaled < 10 ? 2 : 1)) \(unit)"
    }
}

/// A date and time of day in UTC.
enum Moment {
    static func text(_ millisecondsSince1970: Double) -> String {
        guard millisecondsSince1970 >= 0, millisecondsSince1970 < 2.5e14 else { return "" }
        let seconds = Int(millisecondsSince1970 / 1_000)
        let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let date = self.date(days)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day)) "
            + "\(two(time / 3_600)):\(two(time / 60 % 60)):\(two(time % 60)) UTC"
    }

    /// The civil date of a day since 1970: years are counted from March, so that the leap day is the last.
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let (era, ofEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let civil = month < 10 ? month + 3 : month - 9
        return (year + era * 400 + (civil <= 2 ? 1 : 0), civil, day)
    }
}
