import QUICIO

/// A connection to the Redis server where the listener and the dialler of a test meet. One command at a time.
struct RedisClient: Sendable {
    private let connection: TCPConnection
    private static let limit = Duration.seconds(10)

    /// Connects, at the first of the server's addresses that answers.
    init(host: String, port: UInt16) async throws {
        var failure: Errno?
        for address in try await HostNames.resolve(host, port: port) {
            do throws(Errno) {
                self.connection = try await TCPConnection.connect(to: address, within: Self.limit)
                return
            } catch {
                failure = error
            }
        }
        throw RedisError("\(host):\(port) can't be reached: \(failure?.message ?? "it has no address")")
    }

    /// Leaves a value for one reader: appends it to the list of that name.
    func push(_ value: String, to key: String) async throws {
        guard case .number = try await self.command("RPUSH", key, value) else {
            throw RedisError("the address could not be left under \(key)")
        }
    }

    /// Takes the first value of a list away, or reads the value where it is none; nil while there is nothing of that name.
    ///
    /// Implementations differ: most push to a list, some set a plain value.
    func take(_ key: String) async throws -> String? {
        var reply = try await self.command("LPOP", key)
        if case .failure(let reason) = reply, reason.hasPrefix("WRONGTYPE") {
            reply = try await self.command("GET", key)
        }
        switch reply {
        case .text(let value): return value
        case .none: return nil
        case .number, .failure: throw RedisError("\(key) can't be read: \(reply)")
        }
    }

    private func command(_ words: String...) async throws -> RedisReply {
        let text = words.reduce("*\(words.count)\r\n") { $0 + "$\($1.utf8.count)\r\n\($1)\r\n" }
        var bytes: [UInt8] = []
        do throws(Errno) {
            try await self.connection.write(Array(text.utf8), within: Self.limit)
        } catch {
            throw RedisError("\(words[0]) could not be sent: \(error.message)")
        }
        while true {
            if let reply = try RedisReply.decode(bytes) { return reply }
            do throws(Errno) {
                let more = try await self.connection.read(maximum: 4_096, within: Self.limit)
                if more.isEmpty { throw .brokenPipe }
                bytes += more
            } catch {
                throw RedisError("\(words[0]) was not answered: \(error.message)")
            }
        }
    }
}
