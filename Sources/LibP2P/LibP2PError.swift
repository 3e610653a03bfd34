/// Why bytes or text from outside are not what libp2p allows, in words that a person can act on.
///
///     do {
///         let peer = try PeerID("12D3KooWBroken0")
///     } catch {
///         print(error)  // the character "0" at position 14 is not part of base58btc
///     }
public struct LibP2PError: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault, for code that must tell them apart.
    ///
    /// Later versions may add cases.
    public enum Code: Hashable, Sendable {
        /// The input ends too early: more bytes could make it right.
        case truncated
        /// Bytes are left over after the end.
        case trailingBytes
        /// The same value has a shorter form, and only that one is allowed.
        case notMinimal
        /// The input is longer or larger than any valid one.
        case tooLong
        /// A character is not part of the alphabet.
        case invalidCharacter
        /// A known construct that this library deliberately does not take.
        case unsupported
        /// The parts are there but do not fit together.
        case malformed
    }

    /// The kind of fault.
    public let code: Code
    /// What was wrong, and with which value.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
