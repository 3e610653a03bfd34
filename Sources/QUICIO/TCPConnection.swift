internal import CLinuxUDP
internal import Glibc

/// A TCP connection for an exchange of a few words, such as with a database that two programs meet at.
///
///     let connection = try await TCPConnection.connect(to: server, within: .seconds(5))
///     try await connection.write(Array("PING\r\n".utf8), within: .seconds(5))
///     let answer = try await connection.read(maximum: 1_024, within: .seconds(5))
///
/// Each call waits on a thread of its own, never on the caller's, for no longer than its limit; then it throws
/// ``Errno/timedOut``. It is closed with its last reference.
public final class TCPConnection: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(self.descriptor) }

    /// Connects.
    public static func connect(
        to address: SocketAddress, within limit: Duration
    ) async throws(Errno) -> TCPConnection {
        let milliseconds = self.milliseconds(limit)
        return try await self.onThread {
            let result = tern_tcp_connect(address.systemForm, milliseconds)
            return result < 0 ? .failure(Errno(-result)) : .success(TCPConnection(result))
        }
    }

    /// Writes all of the bytes.
    public func write(_ bytes: [UInt8], within limit: Duration) async throws(Errno) {
        let end = MonotonicClock.now().advanced(by: limit)
        try await Self.onThread { () -> Result<Void, Errno> in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if let failure = self.wait(for: POLLOUT, until: end) {
                    return .failure(failure)
                }
            }
            return .success(())
        }
    }

    /// Reads what is there, and waits while nothing is. None: the peer has finished.
    public func read(maximum: Int, within limit: Duration) async throws(Errno) -> [UInt8] {
        let end = MonotonicClock.now().advanced(by: limit)
        return try await Self.onThread { () -> Result<[UInt8], Errno> in
            var buffer = [UInt8](repeating: 0, count: max(maximum, 1))
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes {
                    unsafe recv(self.descriptor, $0.baseAddress, $0.count, 0)
                }
                if count >= 0 { return .success(Array(buffer.prefix(count))) }
                if let failure = self.wait(for: POLLIN, until: end) { return .failure(failure) }
            }
        }
    }

    /// Waits after a call that could not be done at once; nil: it may be tried again.
    private func wait(for event: Int32, until end: UInt64) -> Errno? {
        let error = Errno.last
        if error == .interrupted { return nil }
        guard error == .wouldBlock else { return error }
        let now = MonotonicClock.now()
        var waiting = pollfd(fd: self.descriptor, events: Int16(event), revents: 0)
        let left = now < end ? Self.milliseconds(.nanoseconds(Int64(clamping: end - now))) : 0
        return unsafe poll(&waiting, 1, left) == 0 ? .timedOut : nil
    }

    /// Below zero it would wait for ever.
    private static func milliseconds(_ limit: Duration) -> Int32 {
        Int32(min(max(limit / .milliseconds(1), 0), 600_000).rounded(.up))
    }

    private static func onThread<R: Sendable>(
        _ body: @escaping @Sendable () -> Result<R, Errno>
    ) async throws(Errno) -> R {
        let result = await withCheckedContinuation { continuation in
            let error = LoopThread.tryStart(name: "quic-tcp") { continuation.resume(returning: body()) }
            if let error { continuation.resume(returning: Result<R, Errno>.failure(error)) }
        }
        return try result.get()
    }
}

extension UInt64 {
    /// So much later on the monotonic clock.
    fileprivate func advanced(by time: Duration) -> UInt64 {
        self &+ UInt64(Swift.min(Swift.max(time / .nanoseconds(1), 0), 1e18))
    }
}
