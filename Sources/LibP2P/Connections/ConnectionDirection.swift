/// Which end of a connection dialled.
public enum ConnectionDirection: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The peer dialled.
    case inbound
    /// This host dialled.
    case outbound

    /// The name of the case.
    public var description: String { self == .inbound ? "inbound" : "outbound" }
}
