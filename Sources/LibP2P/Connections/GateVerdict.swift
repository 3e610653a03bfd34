/// What a gate says.
public enum GateVerdict: Hashable, Sendable {
    /// Go on.
    case allow
    /// No, and why: for the error and the log of this host. The peer is only told that it is not wanted.
    case deny(reason: String)

    /// Throws where the answer is no.
    func check(_ what: @autoclosure () -> String) throws(LibP2PError) {
        if case .deny(let reason) = self { throw LibP2PError(.gated, "a gate keeps out \(what()): \(reason)") }
    }
}
