/// What keeps a server from being looked at, or what a person should correct about it: one sentence.
struct ProbeProblem: Hashable, Sendable {
    /// Problems of one cause are told together where many servers share it.
    enum Cause: String, Sendable {
        case name = "name not resolved"
        case noRoute = "no route"
        case closed = "port closed"
        case silence = "no answer"
        case tcpOnly = "TCP only"
        case version, certificate, alpn
        case handshake = "handshake failed"
        case refused

        /// Whether it is more likely this network's fault than each server's.
        var isOfNetwork: Bool { self == .name || self == .noRoute || self == .silence }
    }

    let cause: Cause
    let text: String

    init(_ cause: Cause, _ text: String) { (self.cause, self.text) = (cause, text.printable) }
}
