/// One trace, reduced to columns of numbers: times are microseconds since its start.
public struct QlogTrace: Sendable {
    /// What became of a packet.
    enum Fate: Int, Sendable {
        /// Nothing is known: it was received, or not answered.
        case open
        case acknowledged
        case lost
        /// Declared lost, and acknowledged later.
        case spurious
    }

    /// The packets that were sent and received.
    struct Packets: Sendable {
        var times: [Int] = []
        var isSent: [Bool] = []
        var types: [PacketType] = []
        /// -1 where there is none.
        var numbers: [Int] = []
        /// In bytes; -1 where the trace says nothing.
        var sizes: [Int] = []
        var fates: [Fate] = []
        /// How long after it was sent its fate was known.
        var settled: [Int] = []
        var frameCounts: [Int] = []
        /// Of all frames one after the other: kind, how many numbers follow, these numbers.
        var frames: [Int] = []

        var count: Int { self.times.count }
    }

    /// A quantity over time.
    struct Series: Sendable {
        var times: [Int] = []
        var values: [Int] = []
    }

    /// Something to point at on the time axis.
    struct Mark: Sendable, Equatable {
        var time: Int
        let text: String
    }

    /// The quantities that congestion control and loss recovery report (RFC 9002).
    enum Quantity: Int, CaseIterable, Sendable {
        case congestionWindow, bytesInFlight, slowStartThreshold, latestRTT, smoothedRTT, minimumRTT
    }

    var packets = Packets()
    var series: [Series] = Quantity.allCases.map { _ in Series() }
    /// Every round trip as it was reported, in microseconds.
    var roundTrips: [Int] = []
    var marks: [Mark] = []
    var description = Description()
    /// What a reader should know about how complete this is.
    public internal(set) var notes: [String] = []
    /// When it ended, in microseconds.
    var end = 0
    /// By how much its times were moved so that they fit those of the other end.
    var shift = 0

    /// What the trace says about itself and its connection.
    struct Description: Sendable {
        var title = ""
        var vantage = ""
        var implementation = ""
        var qlogVersion = ""
        var group = ""
        var quicVersion = ""
        var applicationProtocol = ""
        var connectionIDs: [(name: String, value: String)] = []
        /// The time of its start in milliseconds since 1970, where it is known.
        var started: Double?
        var packetsDropped = 0
        var parameters: [(owner: String, name: String, value: String)] = []
    }

    var isEmpty: Bool { self.packets.count == 0 && self.marks.isEmpty && self.series.allSatisfy { $0.times.isEmpty } }
}
