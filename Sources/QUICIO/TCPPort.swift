internal import CLinuxUDP
internal import Glibc

/// Whether a port takes TCP: tells a server that has no QUIC from one that is not there.
public enum TCPPort {
    /// What became of the attempt.
    public enum State: Equatable, Sendable {
        /// Somebody accepted the connection, which was closed at once.
        case open
        /// Nobody answered in time.
        case silent
        /// The peer's host, a router or this host refused.
        case closed(Errno)
    }

    /// Tries to connect. It blocks a thread of its own, never the caller's, for no longer than `limit`.
    ///
    ///     if await TCPPort.state(of: server, within: .seconds(1)) == .open { print("TCP gets through") }
    public static func state(of address: SocketAddress, within limit: Duration) async -> State {
        // Below zero it would wait for ever.
        let milliseconds = Int32(min(max(limit / .milliseconds(1), 0), 600_000))
        return await withCheckedContinuation { continuation in
            let error = LoopThread.tryStart(name: "quic-tcp") {
                let result = Errno(tern_tcp_try(address.systemForm, milliseconds))
                let state: State =
                    switch result {
                    case Errno(0): .open
                    case Errno(ETIMEDOUT): .silent
                    default: .closed(result)
                    }
                continuation.resume(returning: state)
            }
            if let error { continuation.resume(returning: .closed(error)) }
        }
    }
}
