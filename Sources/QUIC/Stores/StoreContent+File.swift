internal import QUICEngine

// The form of a store's file: a name, the entries, and a sum over all of it that tells a damaged one.

extension StoreContent {
    /// The file's bytes.
    var fileBytes: [UInt8] {
        var bytes = Self.magic
        for (kind, cache) in [(UInt8(0), self.tickets), (1, self.tokens)] {
            for (server, entry) in cache.all { bytes += Self.record(kind, server, entry) }
        }
        return bytes + Self.bigEndian(Self.checksum(bytes), 8)
    }

    /// Reads a file; nil where it is damaged, or from an incompatible release.
    init?(fileBytes: [UInt8], limits: StoreLimits, now: UInt64) {
        self.init(limits: limits)
        let body = Array(fileBytes.dropLast(8))
        guard fileBytes.suffix(8) == Self.bigEndian(Self.checksum(body), 8)[...] else { return nil }
        var reader = ByteReader(body)
        guard reader.bytes(Self.magic.count) == Self.magic else { return nil }
        while !reader.isAtEnd {
            guard let kind = reader.byte(), kind <= 1, let storedAt = reader.uint64(), let host = reader.counted(),
                let port = reader.uint16(), let proto = reader.counted(), let count = reader.uint32(),
                let bytes = reader.bytes(Int(count))
            else { return nil }
            let server = ServerKey(
                host: String(decoding: host, as: UTF8.self), port: UInt16(truncatingIfNeeded: port),
                applicationProtocol: String(decoding: proto, as: UTF8.self))
            // A clock that was put back must not make a ticket live for ever.
            let entry = ServerCache.Entry(bytes: bytes, storedAt: min(storedAt, now))
            if kind == 0 {
                _ = self.tickets.store(entry, for: server, now: now)
            } else {
                _ = self.tokens.store(entry, for: server, now: now)
            }
        }
    }

    private static let magic = Array("TERNS1\n".utf8)

    private static func record(_ kind: UInt8, _ server: ServerKey, _ entry: ServerCache.Entry) -> [UInt8] {
        let (host, proto) = (Array(server.host.utf8), Array(server.applicationProtocol.utf8))
        // Names of such a length do not exist; one would make the rest of the file unreadable.
        guard host.count <= 0xffff, proto.count <= 0xffff else { return [] }
        var bytes = [kind] + Self.bigEndian(entry.storedAt, 8)
        bytes += Self.bigEndian(UInt64(host.count), 2) + host
        bytes += Self.bigEndian(UInt64(server.port), 2)
        bytes += Self.bigEndian(UInt64(proto.count), 2) + proto
        bytes += Self.bigEndian(UInt64(entry.bytes.count), 4) + entry.bytes
        return bytes
    }

    private static func bigEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
    }

    /// FNV-1a: against accidents. Who can write the file needs no forgery.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
