internal import QUICEngine

/// The form of a replay memory's file: a head, and an entry for each attempt, each with a sum that tells a damaged one.
struct ReplayRecords {
    /// From which second on nothing is missing.
    private(set) var completeSince: Int64
    var expiries: [[UInt8]: Int64] = [:]
    /// What can't be read is missing, so it is complete from now on only.
    private(set) var isDamaged = false

    init(completeSince: Int64, expiries: [[UInt8]: Int64]) {
        self.completeSince = completeSince
        self.expiries = expiries
    }

    /// Reads a file up to where it is damaged. What was written before the host started may not have reached the disk.
    init(_ bytes: [UInt8], hostStart: [UInt8]?, now: Int64) {
        // The second that has begun is not complete.
        self.completeSince = now + 1
        if bytes.isEmpty { return }
        var reader = ByteReader(bytes)
        guard reader.bytes(Self.magic.count) == Self.magic, let head = Self.entry(&reader) else {
            self.isDamaged = true
            return
        }
        while !reader.isAtEnd {
            guard let entry = Self.entry(&reader) else {
                self.isDamaged = true
                return
            }
            self.expiries[entry.key] = entry.instant
        }
        if let hostStart, head.key == hostStart { self.completeSince = head.instant }
    }

    /// The file's bytes.
    func fileBytes(hostStart: [UInt8]?) -> [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(128 + 64 * self.expiries.count)
        Self.append(hostStart ?? [], self.completeSince, to: &bytes)
        for (key, expiry) in self.expiries { Self.append(key, expiry, to: &bytes) }
        return bytes
    }

    /// Adds an entry: how long it is, its instant, its bytes, and the sum.
    static func append(_ key: [UInt8], _ instant: Int64, to bytes: inout [UInt8]) {
        let start = bytes.count
        Self.append(UInt64(8 + key.count), 2, to: &bytes)
        Self.append(UInt64(bitPattern: instant), 8, to: &bytes)
        bytes += key
        Self.append(UInt64(Self.checksum(bytes[start...])), 4, to: &bytes)
    }

    static let maximumKeyLength = 0xffff - 8

    /// Reads an entry; nil where it is damaged.
    private static func entry(_ reader: inout ByteReader) -> (key: [UInt8], instant: Int64)? {
        guard let body = reader.counted(), body.count >= 8, let sum = reader.uint32() else { return nil }
        let key = Array(body.dropFirst(8))
        let instant = Int64(bitPattern: body.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        var again: [UInt8] = []
        Self.append(key, instant, to: &again)
        return again.suffix(4).reduce(0) { $0 << 8 | UInt32($1) } == sum ? (key, instant) : nil
    }

    private static let magic = Array("TERNR1\n".utf8)

    private static func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - index)))) }
    }

    /// FNV-1a: against accidents. Who can write the file needs no forgery.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
