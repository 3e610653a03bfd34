/// The side of multistream-select that the stream was opened to: it takes the first protocol that it serves.
///
/// A machine without IO: feed what arrives to ``receive(_:serving:listing:)`` and send what it says.
struct MultistreamResponder: Sendable {
    /// What to do next.
    struct Step: Hashable, Sendable {
        /// What to send; may be empty.
        var reply: [UInt8] = []
        /// The protocol that was agreed on; nil: more must arrive.
        var selected: ProtocolID?
        /// What came behind the protocol: it is the application's.
        var remainder: [UInt8] = []
        /// Nothing more that makes sense will come: what was offered was refused.
        var isOver = false
    }

    private var isGreeted = false
    private var isListed = false
    private var hasRefused = false
    private var attemptCount = 0
    private var reader = MultistreamReader()

    /// Takes what arrived. `isServed` is asked for each protocol; `names` is what `ls` is answered with.
    mutating func receive(
        _ bytes: [UInt8], serving isServed: (ProtocolID) -> Bool, listing names: () -> [ProtocolID] = { [] }
    ) throws(LibP2PError) -> Step {
        self.reader.append(bytes)
        var step = Step()
        while let text = try self.next(&step) {
            guard self.isGreeted else {
                step.reply += try self.greet(text)
                continue
            }
            try self.count()
            if text == Multistream.listText {
                step.reply += self.list(names)
            } else if let name = Self.name(text), isServed(name) {
                step.reply += Multistream.message(name)
                step.selected = name
                step.remainder = self.reader.remainder
                return step
            } else {
                step.reply += Multistream.refusal
                self.hasRefused = true
            }
        }
        return step
    }

    /// What follows a lazy offer that was refused is not meant for us, and no fault of the peer.
    private mutating func next(_ step: inout Step) throws(LibP2PError) -> [UInt8]? {
        do throws(LibP2PError) {
            return try self.reader.next()
        } catch {
            guard self.hasRefused else { throw error }
            step.isOver = true
            return nil
        }
    }

    private mutating func greet(_ text: [UInt8]) throws(LibP2PError) -> [UInt8] {
        guard text == Multistream.headerText else {
            throw LibP2PError(.protocolViolation, "the peer does not speak multistream-select 1.0.0")
        }
        self.isGreeted = true
        return Multistream.header
    }

    /// A question of four bytes must not make us send long lists over and over: there is one.
    private mutating func list(_ names: () -> [ProtocolID]) -> [UInt8] {
        guard !self.isListed else { return Multistream.refusal }
        self.isListed = true
        return Multistream.list(names())
    }

    private mutating func count() throws(LibP2PError) {
        self.attemptCount += 1
        guard self.attemptCount <= Multistream.maximumAttemptCount else {
            throw LibP2PError(
                .protocolViolation, "the peer asked for more than \(Multistream.maximumAttemptCount) protocols")
        }
    }

    private static func name(_ text: [UInt8]) -> ProtocolID? {
        guard let name = String(validating: text, as: UTF8.self).map({ ProtocolID($0) }), name.isValid else {
            return nil
        }
        return name
    }
}
