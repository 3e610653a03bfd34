/// One of the protocols that an address is made of, with its name in text and its number in bytes (multiaddr,
/// `protocols.csv`).
///
///     MultiaddressProtocol.udp.name  // udp
///     MultiaddressProtocol.udp.code  // 273
///     MultiaddressProtocol.udp.size  // 16 bits
///
/// Most are the protocols of other transports: an address of those is read, shown and passed on, but not dialled.
public struct MultiaddressProtocol: Hashable, Sendable, CustomStringConvertible {
    /// How long the value of a protocol is.
    public enum Size: Hashable, Sendable {
        /// Always this many bits; 0 where there is no value.
        case bits(Int)
        /// The bytes say how long.
        case variable
    }

    /// What the value means, hence how it is read and written.
    enum Form: Sendable {
        case none, ip4, ip6, port, prefixLength, text, path, percentCoded, peer, multihash
    }

    /// The name in text.
    public let name: String
    /// The number in bytes.
    public let code: UInt64
    let form: Form

    /// How long the value is.
    public var size: Size {
        switch self.form {
        case .none: .bits(0)
        case .prefixLength: .bits(8)
        case .port: .bits(16)
        case .ip4: .bits(32)
        case .ip6: .bits(128)
        case .text, .path, .percentCoded, .peer, .multihash: .variable
        }
    }

    /// The name in text.
    public var description: String { self.name }

    /// Two protocols with the same number are the same one.
    public static func == (one: MultiaddressProtocol, other: MultiaddressProtocol) -> Bool { one.code == other.code }

    /// Hashes the number.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.code) }

    private init(_ name: String, _ code: UInt64, _ form: Form) {
        self.name = name
        self.code = code
        self.form = form
    }
}

extension MultiaddressProtocol {
    /// An IPv4 address.
    public static let ip4 = MultiaddressProtocol("ip4", 4, .ip4)
    /// An IPv6 address.
    public static let ip6 = MultiaddressProtocol("ip6", 41, .ip6)
    /// The interface of the IPv6 address that follows.
    public static let ip6zone = MultiaddressProtocol("ip6zone", 42, .text)
    /// How many bits of the address before it count.
    public static let ipcidr = MultiaddressProtocol("ipcidr", 43, .prefixLength)
    /// A host name, with addresses of either family.
    public static let dns = MultiaddressProtocol("dns", 53, .text)
    /// A host name, of which only the IPv4 addresses count.
    public static let dns4 = MultiaddressProtocol("dns4", 54, .text)
    /// A host name, of which only the IPv6 addresses count.
    public static let dns6 = MultiaddressProtocol("dns6", 55, .text)
    /// A name that stands for the addresses in its TXT records.
    public static let dnsaddr = MultiaddressProtocol("dnsaddr", 56, .text)
    /// A UDP port.
    public static let udp = MultiaddressProtocol("udp", 273, .port)
    /// QUIC version 1: the transport of this library.
    public static let quicV1 = MultiaddressProtocol("quic-v1", 461, .none)
    /// QUIC as it was in draft 29, long since replaced.
    public static let quicDraft29 = MultiaddressProtocol("quic", 460, .none)
    /// The peer at the address.
    public static let p2p = MultiaddressProtocol("p2p", 421, .peer)
    /// What follows is reached through the peer before it.
    public static let p2pCircuit = MultiaddressProtocol("p2p-circuit", 290, .none)

    /// A TCP port.
    public static let tcp = MultiaddressProtocol("tcp", 6, .port)
    /// A DCCP port.
    public static let dccp = MultiaddressProtocol("dccp", 33, .port)
    /// An SCTP port.
    public static let sctp = MultiaddressProtocol("sctp", 132, .port)
    /// UDT over UDP.
    public static let udt = MultiaddressProtocol("udt", 301, .none)
    /// µTP over UDP.
    public static let utp = MultiaddressProtocol("utp", 302, .none)
    /// A socket in the file system; its path goes on to the end of the address.
    public static let unix = MultiaddressProtocol("unix", 400, .path)
    /// A name inside of one process.
    public static let memory = MultiaddressProtocol("memory", 777, .text)
    /// WebRTC through a browser's signalling.
    public static let webrtc = MultiaddressProtocol("webrtc", 281, .none)
    /// WebRTC without signalling.
    public static let webrtcDirect = MultiaddressProtocol("webrtc-direct", 280, .none)
    /// WebTransport.
    public static let webtransport = MultiaddressProtocol("webtransport", 465, .none)
    /// The hash of a certificate that the peer may show.
    public static let certhash = MultiaddressProtocol("certhash", 466, .multihash)
    /// TLS.
    public static let tls = MultiaddressProtocol("tls", 448, .none)
    /// The name to ask for in TLS.
    public static let sni = MultiaddressProtocol("sni", 449, .text)
    /// The Noise handshake.
    public static let noise = MultiaddressProtocol("noise", 454, .none)
    /// WebSocket.
    public static let ws = MultiaddressProtocol("ws", 477, .none)
    /// WebSocket over TLS: the old name of `/tls/ws`.
    public static let wss = MultiaddressProtocol("wss", 478, .none)
    /// HTTP.
    public static let http = MultiaddressProtocol("http", 480, .none)
    /// A path on an HTTP server.
    public static let httpPath = MultiaddressProtocol("http-path", 481, .percentCoded)

    /// All protocols that are known.
    public static let all: [MultiaddressProtocol] = [
        .ip4, .tcp, .dccp, .ip6, .ip6zone, .ipcidr, .dns, .dns4, .dns6, .dnsaddr, .sctp, .udp, .webrtcDirect, .webrtc,
        .p2pCircuit, .udt, .utp, .unix, .p2p, .tls, .sni, .noise, .quicDraft29, .quicV1, .webtransport, .certhash, .ws,
        .wss, .http, .httpPath, .memory,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    private static let byCode = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })

    /// The protocol of this name, or nil where it is not known; `ipfs` is an old name of `p2p`.
    public init?(named name: String) {
        guard let found = Self.byName[name == "ipfs" ? "p2p" : name] else { return nil }
        self = found
    }

    /// The protocol with this number, or nil where it is not known.
    public init?(code: UInt64) {
        guard let found = Self.byCode[code] else { return nil }
        self = found
    }
}
