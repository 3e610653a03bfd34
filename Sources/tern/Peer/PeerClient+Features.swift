import QUIC
import QUICIO

// The modes that try a feature.

extension PeerClient {
    /// Bidirectional and unidirectional streams, one after another and at the same time.
    func echo(_ endpoint: QUICEndpoint) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        for count in [0, 1, 1_199, 65_536, self.options.bytes] {
            let bytes = self.pattern(count, count)
            try self.need(try await self.roundTrip(bytes, connection) == bytes, "the echo of \(count) bytes differs")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<self.options.streams {
                group.addTask {
                    let bytes = self.pattern(5_000, number)
                    let answer = try await self.roundTrip(bytes, connection)
                    try self.need(answer == bytes, "the echo of concurrent stream \(number) differs")
                }
            }
            try await group.waitForAll()
        }
        if self.options.usesUnidirectional { try await self.echoUnidirectional(connection) }
        var findings = Findings(connection)
        if let count = self.options.datagrams, count > 0 {
            findings.add("dgrams", .whole(try await self.exchangeDatagrams(count, connection)))
        }
        connection.close()
        return findings
    }

    private func echoUnidirectional(_ connection: QUICConnection) async throws {
        var expected: Set<[UInt8]> = []
        for number in 0..<3 {
            let bytes = self.pattern(3_000, 1_000 + number)
            expected.insert(bytes)
            let stream = try await connection.openStream(.unidirectional)
            try await stream.write(bytes)
            try stream.finish()
        }
        while !expected.isEmpty {
            let answer = try await connection.acceptStream(.unidirectional).readToEnd(limit: 3_001)
            try self.need(expected.remove(answer) != nil, "a unidirectional echo differs")
        }
    }

    func datagrams(_ endpoint: QUICEndpoint) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        let count = try await self.exchangeDatagrams(max(self.options.datagrams ?? 100, 1), connection)
        var findings = Findings(connection)
        findings.add("dgrams", .whole(count))
        connection.close()
        return findings
    }

    /// Returns how many came back. One in ten may be lost.
    private func exchangeDatagrams(_ count: Int, _ connection: QUICConnection) async throws -> Int {
        let limit = connection.maximumDatagramSize
        try self.need(limit > 0, "the server takes no datagrams")
        var expected: Set<[UInt8]> = []
        var returned = 0
        for number in 0..<count {
            let index = [number >> 24, number >> 16, number >> 8, number].map { UInt8(truncatingIfNeeded: $0) }
            let bytes = index + self.pattern(min(200 + number % 800, limit - 4), number)
            expected.insert(bytes)
            try await connection.sendDatagram(bytes)
            let answer = await self.first(within: .milliseconds(500)) { try await connection.receiveDatagram() }
            if let answer, expected.remove(answer) != nil { returned += 1 }
        }
        try self.need(returned * 10 >= count * 9, "only \(returned) of \(count) datagrams came back")
        return returned
    }

    /// A session that is resumed, with data in the first flight.
    func earlyData(_ endpoint: QUICEndpoint) async throws -> Findings {
        var client = try self.configuration()
        client.sessions = MemoryStore()
        let first = try await endpoint.connect(to: self.options.address, client)
        try self.need(try await self.roundTrip(Array("first".utf8), first) == Array("first".utf8), "the echo differs")
        var allowsEarlyData: Bool?
        while allowsEarlyData == nil, let event = try await first.events.next() {
            if case .ticketReceived(let allows) = event { allowsEarlyData = allows }
        }
        first.close()
        try self.need(allowsEarlyData == true, "the server's ticket does not allow 0-RTT")
        client.tls.sendsEarlyData = true
        let bytes = Array("early data".utf8)
        var early: QUICStream?
        let second = try await endpoint.begin(to: self.options.address, client) { connection in
            let stream = try await connection.openStream()
            try await stream.write(bytes)
            try stream.finish()
            early = stream
        }
        let answer = try await early?.readToEnd(limit: bytes.count + 1)
        try self.need(answer == bytes, "the echo of early data differs")
        try self.need(try await second.earlyDataAccepted(), "the server refused 0-RTT data")
        let findings = Findings(second)
        second.close()
        return findings
    }

    /// Another port, three times; and, where the server is on this host or one was named, another address.
    func migrate(_ endpoint: QUICEndpoint) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        var findings = Findings(connection)
        try await connection.handshakeConfirmed()
        let first = connection.localAddress.withPort(0)
        for number in 0..<(self.options.rounds < 20 ? self.options.rounds : 3) {
            let before = self.pattern(6, number)
            try self.need(try await self.roundTrip(before, connection) == before, "the echo before a move differs")
            let old = connection.localAddress
            if let next = self.options.nextAddress {
                try await self.move(to: number % 2 == 0 ? next : first, connection, number)
            } else {
                try await self.move(endpoint, connection, number)
            }
            let bytes = self.pattern(20_000, number)
            try self.need(try await self.roundTrip(bytes, connection) == bytes, "the echo after a move differs")
            findings.add("move\(number)", .text("\(old) -> \(connection.localAddress)"))
            try await connection.ping()
        }
        connection.close()
        return findings
    }

    /// Moves while bytes are on their way both ways.
    private func move(to address: NetworkAddress, _ connection: QUICConnection, _ number: Int) async throws {
        let bytes = self.pattern(self.options.bytes, number)
        async let answer = self.roundTrip(bytes, connection)
        try await connection.migrate(to: address)
        let local = connection.localAddress
        try self.need(local.host == address.host, "after the move to \(address.host) the address is \(local)")
        try self.need(try await answer == bytes, "the echo during a move differs")
    }

    private func move(_ endpoint: QUICEndpoint, _ connection: QUICConnection, _ number: Int) async throws {
        let isIPv4 = self.options.address.family == .ipv4
        // A server that forbids moves must still bear what an address translator does (RFC 9000 §18.2).
        let isForbidden = await connection.peerTransportParameters()?.forbidsMigration ?? true
        guard number % 2 == 1, isIPv4, self.options.address.host == "127.0.0.1", !isForbidden else {
            return try await endpoint.rebind(to: isIPv4 ? .anyIPv4() : .any())
        }
        try await connection.migrate(to: NetworkAddress(ipv4: (127, 0, 0, UInt8(1 + number % 200)), port: 0))
    }

    func updateKeys(_ endpoint: QUICEndpoint) async throws -> Findings {
        let connection = try await self.connect(endpoint)
        for number in 0..<4 {
            let bytes = self.pattern(3_000, number)
            try self.need(try await self.roundTrip(bytes, connection) == bytes, "the echo differs")
            try await self.updateKeysOnce(connection)
        }
        let bytes = Array("end".utf8)
        try self.need(try await self.roundTrip(bytes, connection) == bytes, "the echo after key updates differs")
        var findings = Findings(connection)
        findings.add("key_updates", .whole(4))
        connection.close()
        return findings
    }

    /// One update must be three probe timeouts old before the next (RFC 9001 §6.5).
    private func updateKeysOnce(_ connection: QUICConnection) async throws {
        while true {
            do throws(QUICError) {
                return try await connection.updateKeys()
            } catch {
                guard error.code == .refused else { throw error }
            }
            try await Task.sleep(for: .milliseconds(20))
            try await connection.ping()
        }
    }

    private func first<R: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () async throws -> R
    ) async -> R? {
        await withTaskGroup(of: R?.self) { group in
            group.addTask { try? await body() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let result = await group.next() ?? nil
            group.cancelAll()
            return result
        }
    }
}
