// The form of a peer store's file: a name with a version, the peers from the one that was not used for longest to the
// one that was used last, and a sum over all of it that tells a damaged file. Numbers and counts are varints.

extension PeerBook {
    /// The file's bytes.
    var fileBytes: [UInt8] {
        var bytes = Self.magic
        for peer in self.peers.reversed() { Self.append(peer, to: &bytes) }
        return bytes + Self.checksum(bytes)
    }

    /// Reads a file; nil where it is damaged, or of another version.
    init?(fileBytes: [UInt8], limits: PeerStoreLimits, now: Int64) {
        self.init(limits: limits)
        let body = fileBytes.dropLast(Self.checksumByteCount)
        guard Array(fileBytes.suffix(Self.checksumByteCount)) == Self.checksum(body), body.starts(with: Self.magic)
        else {
            return nil
        }
        var rest = body.dropFirst(Self.magic.count)
        do throws(LibP2PError) {
            while !rest.isEmpty { self.put(try Self.readPeer(from: &rest).limited(to: limits, now: now)) }
        } catch {
            return nil
        }
    }

    private static let magic = Array("TERNP1\n".utf8)
    private static let checksumByteCount = 8

    private static func append(_ peer: StoredPeer, to bytes: inout [UInt8]) {
        self.append(peer.id.bytes, to: &bytes)
        self.append(peer.lastSeen ?? 0, to: &bytes)
        self.append(peer.key?.encoded ?? [], to: &bytes)
        Varint.append(countOf: peer.addresses, to: &bytes)
        for address in peer.addresses {
            self.append(address.address.bytes, to: &bytes)
            self.append(Int64(address.source.rawValue), to: &bytes)
            self.append(address.expiresAt, to: &bytes)
        }
        Varint.append(countOf: peer.protocols, to: &bytes)
        for name in peer.protocols { self.append(Array(name.description.utf8), to: &bytes) }
        Varint.append(countOf: peer.metadata, to: &bytes)
        for (name, value) in peer.metadata.sorted(by: { $0.key < $1.key }) {
            self.append(Array(name.utf8), to: &bytes)
            self.append(value, to: &bytes)
        }
    }

    private static func append(_ field: [UInt8], to bytes: inout [UInt8]) {
        Varint.append(countOf: field, to: &bytes)
        bytes += field
    }

    /// What no varint holds becomes the nearest number that one does: a time before 1970 becomes 0.
    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        try? Varint.append(UInt64(max(number, 0)), to: &bytes)
    }

    private static func readPeer(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) -> StoredPeer {
        var peer = StoredPeer(id: try PeerID(try self.readField(from: &bytes)))
        let lastSeen = try self.readNumber(from: &bytes)
        peer.lastSeen = lastSeen == 0 ? nil : lastSeen
        let key = try self.readField(from: &bytes)
        peer.key = key.isEmpty ? nil : try PublicKeyMessage(decoding: key)
        for _ in 0..<(try Varint.read(from: &bytes)) {
            let address = try Multiaddress(bytes: try self.readField(from: &bytes))
            guard let source = AddressSource(rawValue: try Varint.read(from: &bytes)) else {
                throw LibP2PError(.malformed, "an address has a source of another version")
            }
            let end = try self.readNumber(from: &bytes)
            peer.addresses.append(StoredPeer.Address(address: address, source: source, expiresAt: end))
        }
        for _ in 0..<(try Varint.read(from: &bytes)) {
            peer.protocols.append(ProtocolID(try self.readText(from: &bytes)))
        }
        for _ in 0..<(try Varint.read(from: &bytes)) {
            let name = try self.readText(from: &bytes)
            peer.metadata[name] = try self.readField(from: &bytes)
        }
        return peer
    }

    private static func readField(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) -> [UInt8] {
        let count = try Varint.read(from: &bytes)
        guard count <= UInt64(bytes.count) else { throw LibP2PError(.truncated, "a field breaks off") }
        let field = bytes.prefix(Int(count))
        bytes = bytes.dropFirst(Int(count))
        return Array(field)
    }

    private static func readText(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) -> String {
        String(decoding: try self.readField(from: &bytes), as: UTF8.self)
    }

    private static func readNumber(from bytes: inout ArraySlice<UInt8>) throws(LibP2PError) -> Int64 {
        Int64(clamping: try Varint.read(from: &bytes))
    }

    /// FNV-1a: against accidents. Who can write the file needs no forgery.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let sum = bytes.reduce(0xcbf2_9ce4_8422_2325) { (sum: UInt64, byte) in (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<self.checksumByteCount).map { UInt8(truncatingIfNeeded: sum >> UInt64(56 - 8 * $0)) }
    }
}
