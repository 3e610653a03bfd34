public import QUIC

/// What went wrong in a libp2p node, in words that a person can act on: bytes or text that libp2p does not allow, a peer
/// that could not be reached, a limit that is full.
///
///     do {
///         let peer = try PeerID("12D3KooWBroken0")
///     } catch {
///         print(error)  // the character "0" at position 14 is not part of base58btc
///     }
public struct LibP2PError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault, for code that must tell them apart. More may come, so a switch needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The input ends too early: more bytes could make it right.
        public static let truncated = Code(description: "truncated")
        /// Bytes are left over after the end.
        public static let trailingBytes = Code(description: "trailingBytes")
        /// The same value has a shorter form, and only that one is allowed.
        public static let notMinimal = Code(description: "notMinimal")
        /// The input is longer or larger than any valid one.
        public static let tooLong = Code(description: "tooLong")
        /// A character is not part of the alphabet.
        public static let invalidCharacter = Code(description: "invalidCharacter")
        /// A known construct that this library deliberately does not take.
        public static let unsupported = Code(description: "unsupported")
        /// The parts are there but do not fit together.
        public static let malformed = Code(description: "malformed")

        /// Something is wrong with the configuration of the host, a key or a file.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// The peer did not prove to be who it should be, or its certificate is not what libp2p asks for.
        public static let wrongPeer = Code(description: "wrongPeer")
        /// The peer refused us in the handshake.
        public static let handshakeRejected = Code(description: "handshakeRejected")
        /// There is no address to dial, or none that this host can dial.
        public static let noAddress = Code(description: "noAddress")
        /// Nobody could be reached at the addresses that were tried.
        public static let unreachable = Code(description: "unreachable")
        /// One of our limits is reached; ``LibP2PError/limit`` names it.
        public static let limitReached = Code(description: "limitReached")
        /// A gate of the application said no.
        public static let gated = Code(description: "gated")
        /// The peer speaks none of the protocols that were offered.
        public static let protocolNotSupported = Code(description: "protocolNotSupported")
        /// The peer broke the rules of a protocol.
        public static let protocolViolation = Code(description: "protocolViolation")
        /// It took too long.
        public static let timedOut = Code(description: "timedOut")
        /// The connection is over; ``LibP2PError/applicationCode`` says why where either end did.
        public static let closed = Code(description: "closed")
        /// The peer gave the stream up; ``LibP2PError/applicationCode`` says with which code.
        public static let streamReset = Code(description: "streamReset")
        /// The peer wants no more of our direction of the stream.
        public static let streamStopped = Code(description: "streamStopped")
        /// The stream was finished or reset here before.
        public static let streamEnded = Code(description: "streamEnded")
        /// The task was cancelled while it waited.
        public static let cancelled = Code(description: "cancelled")
        /// The host is not running.
        public static let notRunning = Code(description: "notRunning")
        /// The operating system refused: a file, a socket, a name.
        public static let systemFailed = Code(description: "systemFailed")
    }

    /// The kind of fault.
    public let code: Code
    /// What was wrong, and with which value.
    public let description: String
    /// The limit that is reached, where ``code`` is ``Code/limitReached``.
    public let limit: String?
    /// The code that went over the wire, where one did.
    public let applicationCode: UInt64?
    /// What QUIC said, where it is the cause.
    public let underlying: QUICError?

    init(
        _ code: Code, _ description: String, limit: String? = nil, applicationCode: UInt64? = nil,
        underlying: QUICError? = nil
    ) {
        self.code = code
        self.description = description
        self.limit = limit
        self.applicationCode = applicationCode
        self.underlying = underlying
    }
}
