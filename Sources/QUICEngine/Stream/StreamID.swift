/// The number of a stream, whose two low bits say who opened it and which ways it goes (RFC 9000 §2.1).
///
///     let id = StreamID(6)
///     assert(!id.isBidirectional && !id.isInitiatedByServer)
public struct StreamID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number as it goes over the wire.
    public let rawValue: Int64

    /// Creates an ID from its number.
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Whether both ends may send.
    public var isBidirectional: Bool { self.rawValue & 2 == 0 }

    /// Whether the server opened the stream.
    public var isInitiatedByServer: Bool { self.rawValue & 1 == 1 }

    /// The number in decimal.
    public var description: String { "\(self.rawValue)" }

    /// Orders streams by number.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Which ways a stream carries data.
public enum StreamDirection: Sendable {
    /// Both ends send.
    case bidirectional
    /// Only the end that opened it sends.
    case unidirectional
}

/// Who is served first when several streams have data: RFC 9218 §4's urgency and incremental flag.
public struct StreamPriority: Hashable, Sendable {
    /// 0 (first) to 7 (last).
    public let urgency: Int
    /// Whether the stream shares its class packet by packet; if not, it is served to its end first.
    public let isIncremental: Bool

    /// Creates a priority. Urgencies outside 0…7 are brought inside.
    public init(urgency: Int = 3, isIncremental: Bool = true) {
        self.urgency = min(max(urgency, 0), 7)
        self.isIncremental = isIncremental
    }

    /// Urgency 3, shared packet by packet.
    public static let normal = StreamPriority()
}
