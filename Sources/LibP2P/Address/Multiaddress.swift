/// An address that says for each layer which protocol it is, as libp2p writes it.
///
///     let address = try Multiaddress("/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A")
///     address.value(of: .udp)  // 4001
///     address.peerID  // 12D3KooW9pP4…
///     address.withoutPeer  // /ip4/192.0.2.7/udp/4001/quic-v1
///
/// Addresses of transports that this library does not speak are read as well, to be shown or passed on.
/// ``networkAddress()`` says which can be dialled, and why the others cannot.
public struct Multiaddress: Hashable, Sendable, CustomStringConvertible {
    /// The longest binary form that is read.
    public static let maximumByteCount = 1_024
    /// The longest text that is read: three characters for each byte, and some for the names.
    public static let maximumCharacterCount = 4_096
    /// The most parts that an address that is read may have.
    public static let maximumComponentCount = 64

    /// The parts, from the outermost layer inwards. There is at least one.
    public let components: [Component]

    /// Takes parts that are known to be few enough, at least one, and to have a path only at the end.
    init(unchecked components: [Component]) { self.components = components }

    /// Reads the text form, such as `/ip4/192.0.2.7/udp/4001/quic-v1`. A slash at the end is free.
    public init(_ text: String) throws(LibP2PError) {
        guard text.utf8.count <= Self.maximumCharacterCount else {
            throw LibP2PError(.tooLong, "a multiaddress has at most \(Self.maximumCharacterCount) characters")
        }
        guard text.hasPrefix("/") else {
            throw LibP2PError(.malformed, "a multiaddress begins with a slash, as in /ip4/192.0.2.7/udp/4001/quic-v1")
        }
        var words = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        while words.last?.isEmpty == true { words.removeLast() }
        var components: [Component] = []
        while let name = words.popFirst() { components.append(try Self.component(named: name, &words)) }
        try Self.check(components)
        self.components = components
        guard self.bytes.count <= Self.maximumByteCount else { throw Self.tooLong }
    }

    /// Reads the binary form, which fills `bytes` to the end.
    public init(bytes: [UInt8]) throws(LibP2PError) {
        guard bytes.count <= Self.maximumByteCount else { throw Self.tooLong }
        var rest = bytes[...]
        var components: [Component] = []
        while !rest.isEmpty {
            guard components.count < Self.maximumComponentCount else { throw Self.tooManyComponents }
            components.append(try Component(from: &rest))
        }
        try Self.check(components)
        self.components = components
    }

    /// The binary form, in which peers tell each other addresses.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for component in self.components { component.append(to: &bytes) }
        return bytes
    }

    /// The text form.
    public var description: String { self.components.map(\.description).joined() }

    /// The value of the first part with this protocol as text, empty where the protocol has none; nil without such a
    /// part.
    public func value(of kind: MultiaddressProtocol) -> String? {
        self.components.first { $0.kind == kind }?.value
    }

    /// Whether a part has this protocol.
    public func contains(_ kind: MultiaddressProtocol) -> Bool { self.components.contains { $0.kind == kind } }
}

extension Multiaddress {
    private static let tooLong = LibP2PError(.tooLong, "a multiaddress has at most \(maximumByteCount) bytes")
    private static let tooManyComponents = LibP2PError(
        .tooLong, "a multiaddress has at most \(maximumComponentCount) parts")

    /// Takes the value that belongs to a name off the front of `words`.
    private static func component(
        named name: Substring, _ words: inout ArraySlice<Substring>
    ) throws(LibP2PError) -> Component {
        guard let kind = MultiaddressProtocol(named: String(name)) else {
            throw LibP2PError(.unsupported, "\(Component.quoted(name)) is not a protocol of multiaddresses")
        }
        switch kind.form {
        case .none: return try Component(kind, "")
        case .path:
            defer { words = [] }
            guard !words.isEmpty else { break }
            return try Component(kind, "/" + words.joined(separator: "/"))
        default:
            guard let value = words.popFirst() else { break }
            return try Component(kind, String(value))
        }
        throw LibP2PError(.truncated, "the multiaddress breaks off after /\(kind), which needs a value")
    }

    private static func check(_ components: [Component]) throws(LibP2PError) {
        guard !components.isEmpty else { throw LibP2PError(.truncated, "an empty multiaddress leads nowhere") }
        guard components.count <= Self.maximumComponentCount else { throw Self.tooManyComponents }
        // In text, a path takes in everything behind it.
        guard !components.dropLast().contains(where: { $0.kind.form == .path }) else {
            throw LibP2PError(.malformed, "a path can only be the last part of a multiaddress")
        }
    }
}
