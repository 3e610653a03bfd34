internal import CLinuxUDP
internal import Glibc

/// Why a host name has no address, with what a person can do about it.
public struct ResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure that call for different reactions.
    public enum Reason: String, Sendable {
        /// There is no such host, or it has no address of the family that was asked for.
        case notFound
        /// The name server did not answer; trying later may help.
        case temporary
        /// The name server answered with a failure.
        case failed
        /// The text cannot be a host name.
        case malformed
        /// More look-ups wait than this process allows.
        case tooManyLookups
        /// The task that asked was cancelled.
        case cancelled
    }

    /// The name that was asked for.
    public let host: String
    /// What went wrong.
    public let reason: Reason
    /// The whole story in words.
    public let message: String

    /// The whole story in words.
    public var description: String { self.message }

    init(_ host: String, _ reason: Reason, _ explanation: String) {
        self.host = host
        self.reason = reason
        self.message = "cannot find the address of \"\(host)\": \(explanation)"
    }

    /// Explains a code of `getaddrinfo`; `errno` is read here.
    init(_ host: String, code: Int32) {
        switch code {
        // The second and third are obsolete names for a host without such an address.
        case EAI_NONAME, -5, -9:
            self.init(host, .notFound, "there is no such host. Check the spelling, or ask with `getent ahosts`")
        case EAI_AGAIN:
            self.init(
                host, .temporary,
                "the name server does not answer. Check the network and /etc/resolv.conf, or try later")
        case EAI_SYSTEM: self.init(host, .failed, Errno.last.description)
        default:
            let words = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error"
            self.init(host, .failed, "\(words) (\(code))")
        }
    }
}
