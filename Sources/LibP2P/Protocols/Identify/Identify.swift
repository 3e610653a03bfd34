/// The identify protocol (specs identify): a peer says what it is, what it speaks and where it can be reached, when
/// asked, and by itself when that changes (push).
enum Identify {
    /// The protocol by which a peer is asked.
    static let protocolID: ProtocolID = "/ipfs/id/1.0.0"
    /// The protocol by which a peer tells what changed.
    static let pushProtocolID: ProtocolID = "/ipfs/id/push/1.0.0"
    /// How long either may take.
    static let timeout = Duration.seconds(5)
    /// The largest message that is sent; the smallest limit of other implementations.
    static let maximumSentByteCount = 4_096

    /// Says what there is to say, and closes the stream.
    static func send(
        _ message: IdentifyMessage, on stream: LibP2PStream, time: TimeSource = .continuous
    ) async throws(LibP2PError) {
        try await time.limit(Self.timeout, for: "sending identify") { () async throws(LibP2PError) in
            for part in message.parts(limit: Self.maximumSentByteCount) { try await stream.writeMessage(part) }
            try await stream.closeWrite()
        }
    }

    /// Reads what the peer says, in up to ten parts, until it closes the stream.
    static func receive(
        on stream: LibP2PStream, time: TimeSource = .continuous
    ) async throws(LibP2PError) -> IdentifyMessage {
        try await time.limit(Self.timeout, for: "reading identify") { () async throws(LibP2PError) in
            var whole: IdentifyMessage?
            var partCount = 0
            while let bytes = try await stream.readMessage(limit: IdentifyMessage.maximumByteCount) {
                partCount += 1
                guard partCount <= IdentifyMessage.maximumPartCount else {
                    throw LibP2PError(
                        .tooLong, "identify has at most \(IdentifyMessage.maximumPartCount) parts, and there are more")
                }
                let part = try IdentifyMessage(decoding: bytes)
                if whole == nil { whole = part } else { try whole?.merge(part) }
            }
            guard let whole else {
                throw LibP2PError(.truncated, "the peer closed the stream without a word of itself")
            }
            return whole
        }
    }
}
