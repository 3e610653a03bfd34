import QUIC
import Testing

@Suite("Datagrams over loopback", .timeLimit(.minutes(5)))
struct DatagramTests {
    static func run(_ body: (QUICConnection, QUICConnection, EndpointPair) async throws -> Void) async throws {
        try await EndpointPair.run { options in
            options.server = { $0.transport.datagrams.maximumFrameSize = 65_535 }
        } _: { pair in
            let (client, server) = try await pair.connect { $0.transport.datagrams.maximumFrameSize = 65_535 }
            try await body(client, server, pair)
        }
    }

    @Test("datagrams go both ways, each as it is")
    func bothWays() async throws {
        try await Self.run { client, server, _ in
            let echo = Task { for try await datagram in server.datagrams { try await server.sendDatagram(datagram) } }
            for size in [1, 2, 100, 1_000, client.maximumDatagramSize] {
                let bytes = [UInt8].pattern(size)
                try await client.sendDatagram(bytes)
                #expect(try await client.receiveDatagram() == bytes)
            }
            client.close()
            try await echo.value
        }
    }

    @Test("what is too long is refused with the size that fits, and nothing else is harmed")
    func tooLong() async throws {
        try await Self.run { client, server, _ in
            let size = client.maximumDatagramSize
            #expect(size > 1_000)
            let long = [UInt8](repeating: 1, count: 60_000)
            let error = await failure { try await client.sendDatagram(long) }
            #expect(error?.code == .limitReached)
            #expect(try client.trySendDatagram(long) == .tooLarge)
            #expect(await failure { try await client.sendDatagram([]) }?.code == .refused)
            try await client.sendDatagram([1])
            #expect(try await server.receiveDatagram() == [1])
        }
    }

    @Test("a peer that takes none says so at once")
    func notOffered() async throws {
        try await EndpointPair.run { pair in
            let (client, _) = try await pair.connect()
            #expect(client.maximumDatagramSize == 0)
            #expect(await failure { try await client.sendDatagram([1]) }?.code == .limitReached)
        }
    }

    @Test("what was taken is sent, however many bytes wait; what was not, says so")
    func everyOneThatWasTakenIsSent() async throws {
        try await Self.run { client, server, pair in
            let bytes = [UInt8](repeating: 5, count: client.maximumDatagramSize)
            // On the loop nothing leaves between these calls.
            let taken = try await Task(executorPreference: pair.client.executor) {
                var taken: UInt64 = 0
                while try client.trySendDatagram(bytes) == .queued { taken += 1 }
                return taken
            }.value
            #expect(taken > 100 && taken <= UInt64((256 << 10) / bytes.count + 1))
            try await until { await client.statistics().datagramFramesSent == taken }
            #expect(await client.statistics().datagramFramesDropped == 0)
            #expect(try await server.receiveDatagram() == bytes)
        }
    }

    @Test(
        "a sender waits while too many are queued, by number or by bytes, can be cancelled there, and goes on",
        arguments: [2, 100, 1_150])
    func backPressure(size: Int) async throws {
        try await Self.run { client, server, pair in
            try #require(client.maximumDatagramSize >= size)
            let bytes = [UInt8](repeating: 5, count: size)
            let isOver = Task {
                var received = 0
                while let datagram = try? await server.receiveDatagram(), datagram.count > 1 { received += 1 }
                return received
            }
            for _ in 0..<10_000 { try await client.sendDatagram(bytes) }
            try await until { await client.statistics().datagramFramesSent == 10_000 }
            try await Task(executorPreference: pair.client.executor) {
                while try client.trySendDatagram(bytes) == .queued {}
                let sending = Task { try await client.sendDatagram(bytes) }
                sending.cancel()
                #expect(await failure { try await sending.value }?.code != .closed)
            }.value
            try await pair.expectAlive(client, server)
            client.close()
            #expect(await isOver.value > 0)
        }
    }

    @Test(
        "those that nobody reads are dropped, the oldest first, and counted, by number and by bytes",
        arguments: [true, false])
    func unread(byNumber: Bool) async throws {
        try await EndpointPair.run { options in
            options.server = {
                $0.transport.datagrams.maximumFrameSize = 1_200
                if byNumber {
                    $0.transport.datagrams.receiveQueueCount = 4
                } else {
                    $0.transport.datagrams.receiveQueueBytes = 4
                }
            }
        } _: { pair in
            let (client, server) = try await pair.connect()
            for number in 0..<50 as Range<UInt8> {
                try await client.sendDatagram([number])
                try await until { await server.statistics().datagramFramesReceived == UInt64(number) + 1 }
            }
            #expect(await server.statistics().datagramFramesDropped == 46)
            for number in 46..<50 as Range<UInt8> { #expect(try await server.receiveDatagram() == [number]) }
        }
    }

    @Test("the fate of each is told as an event")
    func fate() async throws {
        try await Self.run { client, server, _ in
            let events = client.events
            for _ in 0..<5 { try await client.sendDatagram([1]) }
            var acknowledged: Set<UInt64> = []
            while acknowledged.count < 5 {
                if case .datagramAcknowledged(let number)? = try await events.next() { acknowledged.insert(number) }
            }
            #expect(acknowledged == [0, 1, 2, 3, 4])
            _ = server.id
        }
    }
}

extension QUICConnection {
    /// Named only to keep a handle until here.
    nonisolated var id: ObjectIdentifier { ObjectIdentifier(self) }
}
