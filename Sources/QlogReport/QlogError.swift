/// Why a trace can't be shown.
public struct QlogError: Error, Equatable, CustomStringConvertible {
    /// What happened, where, and what to do about it.
    public let description: String

    init(_ description: String) { self.description = description }
}
