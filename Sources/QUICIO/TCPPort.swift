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
        do throws(Errno) {
            _ = try await TCPConnection.connect(to: address, within: limit)
            return .open
        } catch {
            return error == .timedOut ? .silent : .closed(error)
        }
    }
}
