/// The side of multistream-select that opened the stream: it offers protocols, the best first, until the peer takes one.
///
/// A machine without IO: send ``opening``, then feed what arrives to ``receive(_:)`` and do what it says.
struct MultistreamInitiator: Sendable {
    /// What to do next.
    enum Step: Hashable, Sendable {
        /// Nothing, until more arrives.
        case wait
        /// Send this, then wait.
        case send([UInt8])
        /// The peer took this protocol; what came behind its answer is the application's.
        case selected(ProtocolID, remainder: [UInt8])
    }

    private let offers: [ProtocolID]
    private var index = 0
    private var isGreeted = false
    private var reader = MultistreamReader()

    /// Takes 1 to 64 protocols.
    init(offering offers: [ProtocolID]) throws(LibP2PError) {
        guard !offers.isEmpty else { throw LibP2PError(.invalidConfiguration, "a stream needs a protocol to offer") }
        guard offers.count <= Multistream.maximumAttemptCount else {
            throw LibP2PError(
                .invalidConfiguration, "at most \(Multistream.maximumAttemptCount) protocols can be offered at once")
        }
        for offer in offers where !offer.isValid { throw offer.invalidError }
        self.offers = offers
    }

    /// What is sent first: the greeting together with the first offer, as nobody gains by waiting in between.
    var opening: [UInt8] { Multistream.header + Multistream.message(self.offer) }

    /// Takes what arrived.
    mutating func receive(_ bytes: [UInt8]) throws(LibP2PError) -> Step {
        self.reader.append(bytes)
        while let text = try self.reader.next() {
            if !self.isGreeted {
                guard text == Multistream.headerText else {
                    throw LibP2PError(.protocolViolation, "the peer does not speak multistream-select 1.0.0")
                }
                self.isGreeted = true
            } else if text == Array(self.offer.description.utf8) {
                return .selected(self.offer, remainder: self.reader.remainder)
            } else if text == Multistream.refusalText {
                return .send(Multistream.message(try self.nextOffer()))
            } else {
                throw LibP2PError(.protocolViolation, "the peer agreed to a protocol that was not offered")
            }
        }
        return .wait
    }

    /// What is offered at the moment.
    var offer: ProtocolID { self.offers[self.index] }

    private mutating func nextOffer() throws(LibP2PError) -> ProtocolID {
        guard self.index + 1 < self.offers.count else {
            let names = self.offers.map(\.description).joined(separator: ", ")
            throw LibP2PError(.protocolNotSupported, "the peer does not serve \(names)")
        }
        self.index += 1
        return self.offer
    }
}
