/// The question which versions a server speaks, as a datagram, and the reading of its answer: what
/// `QUICEndpoint.supportedVersions(of:timeout:)` asks with, for whoever has a socket of his own.
///
///     let inquiry = VersionInquiry(random: SystemRandomness())
///     socket.send(inquiry.datagram)
///     if let versions = inquiry.versions(in: answer) { print(versions) }
public struct VersionInquiry: Sendable {
    /// What to send: the first packet of a version that nobody speaks (RFC 9000 §6.3), in 1,200 bytes, because servers
    /// answer nothing shorter (§6.1).
    public let datagram: [UInt8]
    private let destination: [UInt8]
    private let source: [UInt8]

    /// Creates a question that no other has the same answer to.
    public init(random: any Randomness) {
        let bits = random.next()
        // RFC 9000 §15: versions of this form are reserved to provoke Version Negotiation.
        let version = UInt32(truncatingIfNeeded: bits >> 32) & 0xf0f0_f0f0 | 0x0a0a_0a0a
        let (destination, source) = (random.bytes(16), random.bytes(8))
        // In the form of version 1's Initial packets: some servers read on before they look at the version.
        var datagram = [0xc0 | UInt8(truncatingIfNeeded: bits) & 0x0f]
        datagram += (0..<4).map { UInt8(truncatingIfNeeded: version >> UInt32(24 - 8 * $0)) }
        datagram += [UInt8(destination.count)] + destination + [UInt8(source.count)] + source
        let rest = 1_200 - datagram.count - 3
        datagram += [0, 0x40 | UInt8(rest >> 8), UInt8(rest & 0xff)] + random.bytes(rest)
        self.datagram = datagram
        (self.destination, self.source) = (destination, source)
    }

    /// The versions that `answer` offers, without those that are made up (RFC 9000 §15); nil where it is no answer to this
    /// question. The connection IDs that it echoes prove that its sender has seen the question (RFC 8999 §6).
    public func versions(in answer: [UInt8]) -> [QUICVersion]? {
        var reader = ByteReader(answer)
        guard let first = reader.byte(), first & 0x80 != 0, reader.uint32() == 0,
            let destination = reader.byte().flatMap({ reader.bytes(Int($0)) }), destination == self.source,
            let source = reader.byte().flatMap({ reader.bytes(Int($0)) }), source == self.destination
        else { return nil }
        var versions: [QUICVersion] = []
        while !reader.isAtEnd {
            guard let number = reader.uint32() else { return nil }
            let version = QUICVersion(number)
            if !version.isReserved, !versions.contains(version) { versions.append(version) }
        }
        return versions
    }
}

extension QUICVersion {
    /// Whether the number is one of those that stand for no version and only provoke Version Negotiation (RFC 9000 §15).
    public var isReserved: Bool { self.rawValue & 0x0f0f_0f0f == 0x0a0a_0a0a }
}
