import QUIC
import QUICIO
import Synchronization

/// Fetches the files of one server.
struct GetClient: Sendable {
    let options: GetOptions
    let server: HostAndPort
    let items: [GetItem]
    let endpoint: QUICEndpoint
    let downloads: Downloads
    let log: GetLog

    /// Long enough for a ticket that comes right behind the handshake.
    private static let ticketPatience: Duration = .seconds(3)

    func run() async throws {
        switch self.options.connections {
        case .one:
            try await self.overOneConnection(self.items, try self.configuration())
        case .each:
            for item in self.items { try await self.overOneConnection([item], try self.configuration()) }
        case .resumed:
            var client = try self.configuration()
            if client.sessions == nil { client.sessions = MemoryStore() }
            try await self.overOneConnection(Array(self.items.prefix(1)), client, awaitsTicket: true)
            guard self.items.count > 1 else { return }
            client.tls.sendsEarlyData = self.options.sendsEarly
            try await self.overOneConnection(Array(self.items.dropFirst()), client)
        }
    }

    private func configuration() throws -> QUICClientConfiguration {
        var client = self.options.client.named(self.options.configuration, self.server)
        if let path = self.options.sessions {
            let store = FileStore(path: path)
            (client.sessions, client.tokens) = (store, store)
            client.tls.sendsEarlyData = self.options.sendsEarly
        }
        return client
    }

    /// A connection that can't be made is the problem of all its files; the others are still fetched.
    private func overOneConnection(
        _ items: [GetItem], _ client: QUICClientConfiguration, awaitsTicket: Bool = false
    ) async throws {
        do {
            var early: [(GetItem, QUICStream)] = []
            let connection: QUICConnection
            if client.tls.sendsEarlyData {
                let address = try await self.options.client.address(of: self.server)
                connection = try await self.endpoint.begin(to: address, client) { connection in
                    for item in items {
                        guard let stream = try connection.tryOpenStream() else { break }
                        try await stream.write(FileProtocol.interop.request(item.path, from: 0))
                        try stream.finish()
                        early.append((item, stream))
                    }
                }
                _ = try await connection.handshake()
            } else {
                connection = try await self.options.client.connect(self.endpoint, to: self.server, client)
            }
            let summary = try await connection.handshake()
            self.log.connected(connection, summary)
            guard let dialect = FileProtocol(rawValue: summary.applicationProtocol) else {
                throw DownloadFailure(
                    "the server chose \(summary.applicationProtocol.printable), which was not offered")
            }
            let events = Task { await self.awaitTicket(connection) }
            defer { events.cancel() }
            try await self.fetch(items, early, over: connection, dialect)
            if awaitsTicket || client.sessions != nil { _ = await events.value }
            await self.log.finished(connection)
            connection.close()
        } catch {
            if Task.isCancelled { throw error }
            var done: [String: Int] = [:]
            for result in self.downloads.results { done[result.item.url, default: 0] += 1 }
            for item in items {
                if let count = done[item.url], count > 0 {
                    done[item.url] = count - 1
                    continue
                }
                self.downloads.note(Downloads.Result(item: item, problem: Downloads.words(error)))
            }
        }
    }

    private func fetch(
        _ items: [GetItem], _ early: [(GetItem, QUICStream)], over connection: QUICConnection, _ dialect: FileProtocol
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (item, stream) in early {
                let target = try DownloadTarget(item, continues: false)
                group.addTask { try await self.downloads.receive(item, stream, dialect, target) }
            }
            var under = early.count
            let changes = Task { await self.change(connection) }
            defer { changes.cancel() }
            for item in items.dropFirst(early.count) {
                if under >= self.options.parallel {
                    try await group.next()
                    under -= 1
                }
                under += 1
                group.addTask { try await self.fetchOne(item, connection, dialect) }
            }
            try await group.waitForAll()
        }
    }

    /// One file that fails must not end the others; a connection that ends, ends them all.
    private func fetchOne(_ item: GetItem, _ connection: QUICConnection, _ dialect: FileProtocol) async throws {
        do {
            try await self.downloads.fetch(item, over: connection, dialect)
        } catch {
            if Task.isCancelled { throw error }
            self.downloads.note(Downloads.Result(item: item, problem: Downloads.words(error)))
        }
    }

    /// What the options ask to happen in mid-transfer.
    private func change(_ connection: QUICConnection) async {
        do {
            if self.options.updatesKeys {
                try await connection.handshakeConfirmed()
                try await connection.updateKeys()
                self.log.say("keys updated")
            }
            if let mark = self.options.migratesAfter {
                await self.downloads.reached(mark)
                try Task.checkCancellation()
                try await connection.handshakeConfirmed()
                let before = connection.localAddress.port
                try await self.endpoint.rebind(to: connection.remoteAddress.family == .ipv4 ? .anyIPv4() : .any())
                self.log.say("moved from port \(before) to port \(await self.endpoint.localAddress.port)")
            }
        } catch {
            if !Task.isCancelled { Console.warn("\(Downloads.words(error))") }
        }
    }

    private func awaitTicket(_ connection: QUICConnection) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while let event = try? await connection.events.next() {
                    if case .ticketReceived = event { return }
                }
            }
            group.addTask { try? await Task.sleep(for: Self.ticketPatience) }
            await group.next()
            group.cancelAll()
        }
    }
}
