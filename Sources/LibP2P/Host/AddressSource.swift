/// From where an address of a peer is known, the less certain first.
public enum AddressSource: UInt64, Hashable, Sendable, Comparable, CaseIterable {
    /// A discovery has announced it; anybody may have said so.
    case discovered = 0
    /// The peer itself has named it.
    case identified = 1
    /// The application has given it.
    case given = 2
    /// A connection was made to it.
    case connected = 3

    /// Orders by certainty.
    public static func < (one: AddressSource, other: AddressSource) -> Bool { one.rawValue < other.rawValue }
}
