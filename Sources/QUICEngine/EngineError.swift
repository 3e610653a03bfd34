/// Why a call on the engine was refused. What ends a connection is a ``ConnectionCloseReason`` instead.
///
///     do {
///         let stream = try engine.openStream(.bidirectional)
///     } catch where error.code == .streamLimitReached {
///         // wait for ConnectionEvent.streamsAvailable
///     }
public struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal. More may come, so a switch needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The installed ngtcp2 or GnuTLS can't do what was asked.
        public static let unsupportedByLibrary = Code(description: "unsupportedByLibrary")
        /// A value of the configuration is outside its range.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// A certificate, key, ticket or trust anchor can't be read or does not fit.
        public static let invalidCredentials = Code(description: "invalidCredentials")
        /// The datagram does not open a connection.
        public static let notAnInitialPacket = Code(description: "notAnInitialPacket")
        /// The peer's limit of concurrent streams is reached.
        public static let streamLimitReached = Code(description: "streamLimitReached")
        /// No such stream, or it is finished.
        public static let streamNotFound = Code(description: "streamNotFound")
        /// The stream's direction or state does not allow it.
        public static let streamStateMismatch = Code(description: "streamStateMismatch")
        /// The peer asked us to stop sending on the stream.
        public static let streamStopped = Code(description: "streamStopped")
        /// The peer accepts no datagrams, or none so large.
        public static let datagramNotPossible = Code(description: "datagramNotPossible")
        /// A bounded queue is full.
        public static let queueFull = Code(description: "queueFull")
        /// The connection is not, or no longer, in a state for it.
        public static let connectionStateMismatch = Code(description: "connectionStateMismatch")
        /// The peer or the path does not allow a change of address now.
        public static let migrationNotPossible = Code(description: "migrationNotPossible")
        /// An error code that does not fit 62 bits.
        public static let codeOutOfRange = Code(description: "codeOutOfRange")
        /// The library refused for a reason of its own, given in the message.
        public static let refusedByLibrary = Code(description: "refusedByLibrary")
    }

    /// The kind of refusal.
    public let code: Code
    /// What went wrong and what can be done about it.
    public let message: String

    /// Creates an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message, with the kind before it.
    public var description: String { "\(self.code): \(self.message)" }

    /// Errors are equal by code: messages may be reworded.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }
}
