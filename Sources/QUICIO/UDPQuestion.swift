internal import CLinuxUDP
internal import Glibc
internal import Synchronization

/// One datagram to one address, and what comes of it: for finding out where packets are lost, not for conversations.
///
///     let address = SocketAddress(parsing: "127.0.0.1", port: 4433)!
///     let reply = await UDPQuestion.ask(packet, of: address, attempts: 3, each: .milliseconds(500))
///     if case .refused(let error) = reply.outcome { print("a host on the way says: \(error.message)") }
///
/// Unlike a ``UDPSocket`` it listens to ICMP, so anybody who can see the datagram can forge a refusal.
public enum UDPQuestion {
    /// What came of it.
    public struct Reply: Sendable {
        /// How it ended.
        public enum Outcome: Sendable {
            /// A datagram came back.
            case answered([UInt8])
            /// An ICMP message came back: nobody listens there, or somebody on the way does not let it through.
            case refused(Errno)
            /// Nothing came back.
            case silent
            /// The datagram did not leave this host.
            case unsendable(Errno)
        }

        /// How it ended.
        public let outcome: Outcome
        /// How long it took, from the first datagram on.
        public let time: Duration
        /// How many datagrams were sent.
        public let attempts: Int
        /// The address of this host that it was sent from.
        public let source: SocketAddress?
        /// How large an IP packet to that address may be, as far as this host knows.
        public let mtu: Int?
    }

    /// Sends `bytes` up to `attempts` times, and waits for `each` after each time. Cancelling the task ends the wait.
    public static func ask(
        _ bytes: [UInt8], of address: SocketAddress, attempts: Int, each: Duration
    ) async -> Reply {
        let shared = Flag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let problem = LoopThread.tryStart(name: "quic-question") {
                    continuation.resume(returning: Self.run(bytes, address, max(attempts, 1), each, shared))
                }
                if let problem {
                    continuation.resume(
                        returning: Reply(outcome: .unsendable(problem), time: .zero, attempts: 0, source: nil, mtu: nil)
                    )
                }
            }
        } onCancel: {
            shared.isCancelled.withLock { $0 = true }
        }
    }

    private final class Flag: Sendable {
        let isCancelled = Mutex(false)
    }

    private static func run(
        _ bytes: [UInt8], _ address: SocketAddress, _ attempts: Int, _ each: Duration, _ flag: Flag
    ) -> Reply {
        let start = MonotonicClock.now()
        let isIPv6: Int32 = address.family == .ipv6 ? 1 : 0
        var (source, mtu): (SocketAddress?, Int?) = (nil, nil)
        var sent = 0
        func reply(_ outcome: Reply.Outcome) -> Reply {
            let time = Duration.nanoseconds(Int64(clamping: MonotonicClock.now() &- start))
            return Reply(outcome: outcome, time: time, attempts: sent, source: source, mtu: mtu)
        }
        let descriptor = tern_udp_open(isIPv6)
        guard descriptor >= 0 else { return reply(.unsendable(.last)) }
        defer { Glibc.close(descriptor) }
        guard tern_udp_connect(descriptor, address.systemForm, isIPv6) == 0 else { return reply(.unsendable(.last)) }
        Self.listenToICMP(descriptor, isIPv6: isIPv6 != 0)
        var local = tern_udp_address()
        if unsafe tern_udp_local_address(descriptor, &local) == 0 { source = SocketAddress(local) }
        for _ in 0..<attempts {
            sent += 1
            let count = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, 0) }
            // An error here may be what the datagram before it met.
            if count < 0 { return reply(sent > 1 ? .refused(.last) : .unsendable(.last)) }
            mtu = Self.mtu(descriptor, isIPv6: isIPv6 != 0) ?? mtu
            let deadline =
                MonotonicClock.now() &+ UInt64(clamping: each.components.seconds) &* 1_000_000_000
                &+ UInt64(clamping: each.components.attoseconds / 1_000_000_000)
            while MonotonicClock.now() < deadline {
                if flag.isCancelled.withLock({ $0 }) { return reply(.silent) }
                var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let left = (deadline &- min(MonotonicClock.now(), deadline)) / 1_000_000
                guard unsafe poll(&question, 1, Int32(min(left + 1, 50))) > 0 else { continue }
                var buffer = [UInt8](repeating: 0, count: 65_536)
                let count = unsafe buffer.withUnsafeMutableBytes {
                    unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
                }
                if count >= 0 { return reply(.answered(Array(buffer.prefix(count)))) }
                let error = Errno.last
                if error != .wouldBlock, error != .interrupted { return reply(.refused(error)) }
            }
        }
        return reply(.silent)
    }

    /// Without this only the refusals of a closed port arrive.
    private static func listenToICMP(_ descriptor: Int32, isIPv6: Bool) {
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(
            descriptor, Int32(isIPv6 ? IPPROTO_IPV6 : IPPROTO_IP), isIPv6 ? IPV6_RECVERR : IP_RECVERR, &on, size)
    }

    private static func mtu(_ descriptor: Int32, isIPv6: Bool) -> Int? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let result = unsafe getsockopt(
            descriptor, Int32(isIPv6 ? IPPROTO_IPV6 : IPPROTO_IP), isIPv6 ? IPV6_MTU : IP_MTU, &value, &size)
        return result == 0 && value > 0 ? Int(value) : nil
    }
}
