/// An answer of a Redis server (RESP 2), as far as two programs need it that meet there.
enum RedisReply: Hashable, Sendable {
    /// A word such as OK, or a value.
    case text(String)
    case number(Int64)
    /// There is nothing of that name.
    case none
    /// The server did not do it; the first word says why.
    case failure(String)

    static let maximumByteCount = 65_536

    /// Decodes one answer from the front of what has arrived; nil: more has to come.
    static func decode(_ bytes: [UInt8]) throws -> RedisReply? {
        guard let end = self.lineEnd(bytes, from: 0) else {
            guard bytes.count < self.maximumByteCount else { throw RedisError("an answer has no end") }
            return nil
        }
        let line = String(decoding: bytes[1..<max(end, 1)], as: UTF8.self)
        switch bytes.first {
        case UInt8(ascii: "+"): return .text(line)
        case UInt8(ascii: "-"): return .failure(line)
        case UInt8(ascii: ":"):
            guard let number = Int64(line) else { throw RedisError("\(line) is no number") }
            return .number(number)
        case UInt8(ascii: "$"):
            guard let count = Int(line), (-1...self.maximumByteCount).contains(count) else {
                throw RedisError("an answer has \(line) bytes")
            }
            guard count >= 0 else { return .some(.none) }
            let rest = bytes.dropFirst(end + 2)
            guard rest.count >= count + 2 else { return nil }
            return .text(String(decoding: rest.prefix(count), as: UTF8.self))
        default: throw RedisError("the answer is of a kind that was not asked for: \(line)")
        }
    }

    private static func lineEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        bytes.indices.dropFirst(start).dropLast().first {
            bytes[$0] == UInt8(ascii: "\r") && bytes[$0 + 1] == UInt8(ascii: "\n")
        }
    }
}

/// Something is wrong with the Redis server, or the way to it.
struct RedisError: Error, CustomStringConvertible {
    let description: String
    init(_ reason: String) { self.description = "Redis: \(reason)" }
}
