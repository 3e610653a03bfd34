/// Every number and choice of a connection, with its default and the reason for it.
///
///     let configuration = EngineConfiguration.defaults {
///         $0.idleTimeout = .seconds(60)
///         $0.datagrams.maximumFrameSize = 65_535
///     }
public struct EngineConfiguration: Sendable {
    /// The defaults, changed by `configure`.
    public static func defaults(configure: (inout EngineConfiguration) -> Void = { _ in }) -> EngineConfiguration {
        var configuration = EngineConfiguration()
        configure(&configuration)
        return configuration
    }

    /// How congestion is avoided.
    public enum CongestionControl: Int, Sendable, CaseIterable {
        /// RFC 9002 §7: the simplest; for comparison.
        case reno = 0
        /// RFC 9438: what most of the Internet runs, hence the default.
        case cubic = 1
        /// A model of the path instead of losses: better where loss does not mean congestion.
        case bbr = 2
    }

    /// Who seals and opens packets once the handshake is over (RFC 9001 §5.3).
    public enum PacketProtection: Sendable {
        /// The faster one: with AES-GCM Tern itself where the processor has vector instructions for it, in about half of
        /// GnuTLS's time. In debug builds GnuTLS, because what is not optimised is slower.
        case automatic
        /// Tern itself with AES-GCM wherever ``EngineLibrary/canSealPackets``, in debug builds too.
        case processor
        /// Always GnuTLS: for those who may only use what they have approved.
        case library
    }

    /// Silence after which a connection is given up. 30 s: NAT bindings rarely live shorter.
    public var idleTimeout: Duration = .seconds(30)
    /// How long a handshake may take. 10 s: after that nobody waits; also what bounds half-open servers.
    public var handshakeTimeout: Duration = .seconds(10)
    /// Silence after which a PING keeps the connection alive; nil, the default, lets it fall asleep.
    public var keepAlive: Duration?

    /// Cubic, as most servers use.
    public var congestionControl: CongestionControl = .cubic
    /// The round trip that is assumed before one is measured. RFC 9002 §6.2.2 says 333 ms.
    public var initialRTT: Duration = .milliseconds(333)
    /// Packets received before an acknowledgement is sent at once. 2, RFC 9000 §13.2.2.
    public var acknowledgementThreshold: Int = 2
    /// How long an acknowledgement may be held back. 25 ms, RFC 9000 §18.2.
    public var maximumAcknowledgementDelay: Duration = .milliseconds(25)

    /// Windows of flow control.
    public var flowControl = FlowControl()
    /// Limits on streams.
    public var streams = StreamLimits()
    /// Unreliable datagrams, RFC 9221.
    public var datagrams = DatagramLimits()
    /// Whoever is faster at it. A key of ours is used only after it made the same of packets as GnuTLS did.
    public var packetProtection: PacketProtection = .automatic
    /// Packet sizes and path MTU discovery.
    public var packets = PacketSizes()
    /// Connection IDs and changes of address.
    public var migration = Migration()
    /// qlog, debug log and bounds on what is recorded.
    public var diagnostics = Diagnostics()

    /// The versions we speak, the one we like best first. Those that the library does not know are left out.
    ///
    /// A client starts with version 1 if it is among them (everybody understands it) and moves by compatible negotiation.
    public var versions: [QUICVersion] = [.version2, .version1]
    /// Sends packets whose fixed bit may be 0 (RFC 9287), so that networks do not come to rely on it.
    public var greasesQUICBit = false

    /// Windows: how much the peer may send before we have consumed it. Memory is bounded by them.
    public struct FlowControl: Sendable {
        /// What a new connection may send in all: 1 MiB fills 80 Mbit/s at 100 ms until the window has grown.
        public var connectionWindow: UInt64 = 1 << 20
        /// What a new stream may send: 512 KiB.
        public var streamWindow: UInt64 = 512 << 10
        /// How far the connection's window grows by itself when it limits the rate: 24 MiB. 0 = it does not.
        public var maximumConnectionWindow: UInt64 = 24 << 20
        /// How far a stream's window grows: 16 MiB. 0 = it does not.
        public var maximumStreamWindow: UInt64 = 16 << 20
        /// What each stream may queue for sending, acknowledged bytes not counted, before the writer waits: 128 KiB.
        public var sendBuffer: Int = 128 << 10
        /// What all streams together may queue in any case, acknowledged bytes not counted, while it is mostly in flight:
        /// 16 MiB fills 1 Gbit/s at 60 ms. 0 = no more than each may by itself.
        public var maximumSendBuffer: Int = 16 << 20
        /// How much of that may wait to be sent for the first time: one congestion window, but at most this. 512 KiB: a writer
        /// may be away for 4 ms at 1 Gbit/s. More would only be cold when its turn comes.
        public var maximumUnsent: Int = 512 << 10
    }

    /// How many streams the peer may have open at a time, and how ours take turns.
    public struct StreamLimits: Sendable {
        /// Bidirectional streams of the peer: 100, RFC 9114 §6.1 asks for no fewer.
        public var bidirectional: UInt64 = 100
        /// Unidirectional streams of the peer: 100.
        public var unidirectional: UInt64 = 100
        /// Packets that more urgent streams may send while a less urgent class waits for one: 32. Where several
        /// classes are due at once, each waits for one packet of the others besides.
        public var starvationBound: Int = 32
    }

    /// Bounds on datagrams.
    public struct DatagramLimits: Sendable {
        /// The largest DATAGRAM frame that we accept; 0, the default, turns datagrams off.
        public var maximumFrameSize: UInt64 = 0
        /// How many may wait to be sent: 4096. The newest is refused above that.
        public var sendQueueCount: Int = 4_096
        /// How many bytes may wait to be sent, and as many again before the engine takes them: 256 KiB.
        public var sendQueueBytes: Int = 256 << 10
        /// How many may wait to be read: 4096. The newest is dropped, and counted, above that.
        public var receiveQueueCount: Int = 4_096
        /// How many bytes may wait to be read, and as many again where a task reads: 256 KiB.
        public var receiveQueueBytes: Int = 256 << 10
    }

    /// Sizes of UDP payloads.
    public struct PacketSizes: Sendable {
        /// The largest payload that we ever send: 1452 fits IPv6 in an Ethernet frame.
        public var maximumSent: Int = 1452
        /// The largest payload that we accept: 65,527, all that UDP can carry.
        public var maximumReceived: UInt64 = 65_527
        /// Looks for the path's real MTU by probing (RFC 9000 §14.3); without it packets stay at 1200 bytes.
        public var discoversPathMTU = true
        /// Payload sizes to probe, in this order; those below what is known to pass are left out, and those above
        /// `maximumSent`. ngtcp2 1.4 or newer: before, the library has its own and stops at 1444.
        public var mtuProbes: [UInt16] = [1_406, 1_452, 1_342, 1_232, 1_444]
        /// Sends `maximumSent` from the first packet on. Only for paths that are known to carry it.
        public var assumesMaximumSize = false

        /// Sends datagrams of up to `size` bytes where probes find that the path carries them, beyond an Ethernet frame: for
        /// data-centre networks with jumbo frames, and for loopback. Both ends choose for what they send. ngtcp2 1.4 or newer.
        ///
        ///     configuration.packets.probe(upTo: 8_952)  // an IPv6 packet in a frame of 9,000 bytes
        public mutating func probe(upTo size: Int) {
            self.maximumSent = size
            let larger = [4_096, 8_952, 16_384, 32_768].filter { $0 < size } + [size]
            self.mtuProbes = PacketSizes().mtuProbes + larger.filter { $0 > 1_452 }.map { UInt16(clamping: $0) }
        }
    }

    /// Addresses and connection IDs.
    public struct Migration: Sendable {
        /// Whether the peer may move to another address on purpose. NAT rebinding is always followed.
        public var isAllowed = true
        /// Whether a client follows the server's preferred address (RFC 9000 §9.6).
        public var followsPreferredAddress = true
        /// How many of the peer's connection IDs we keep: 4, so that a move, and the next, need no round trip. 2…8. Each
        /// costs either end some time in every handshake, and memory.
        public var activeConnectionIDLimit: UInt64 = 4
    }

    /// What is recorded for people.
    public struct Diagnostics: Sendable {
        /// Where the qlog trace goes; nil, the default, writes none. Refused on libraries whose writer overflows.
        public var qlog: QlogSink?
        /// Records the library's debug log as events. Slow: for looking at one connection.
        public var logsPackets = false
        /// How many log lines are kept until they are drained: 4096.
        public var logLineLimit = 4_096
    }

    /// Creates the defaults.
    public init() {}
}
