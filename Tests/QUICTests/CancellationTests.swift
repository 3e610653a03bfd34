import QUIC
import Testing

/// Cancelling one call ends that call with ``QUICError/Code/cancelled``, loses no bytes, and the connection goes on.
@Suite("Cancellation", .timeLimit(.minutes(5)))
struct CancellationTests {
    @Test("of everything that waits for a stream's bytes; what arrives later is there for the next reader")
    func reading() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let endpoint = pair.server
            try await expectCancellable("read", on: endpoint) { _ = try await server.read() }
            try await expectCancellable("read into", on: endpoint) {
                var buffer = [UInt8](repeating: 0, count: 10)
                _ = try await server.read(into: &buffer)
            }
            try await expectCancellable("readChunk", on: endpoint) { _ = try await server.readChunk() }
            try await expectCancellable("readToEnd", on: endpoint) { _ = try await server.readToEnd(limit: 9) }
            try await expectCancellable("readExactly", on: endpoint) { _ = try await server.readExactly(9) }
            try await expectCancellable("iteration", on: endpoint) { for try await _ in server {} }
            try await client.write("all of it")
            try client.finish()
            #expect(try await server.readToEnd(limit: 9) == Array("all of it".utf8))
            try await pair.expectAlive(client.connection, server.connection)
        }
    }

    @Test("of one reader of several: the others get the bytes")
    func oneReaderOfMany() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let staying = Task { try await server.readExactly(5) }
            try await pair.server.untilWaiting(1)
            for _ in 0..<20 {
                try await expectCancellable("read", on: pair.server) { _ = try await server.read() }
            }
            try await client.write("hello")
            #expect(try await staying.value == Array("hello".utf8))
        }
    }

    @Test("of readers at the moment when bytes arrive: every byte is read once")
    func readingWhileBytesArrive() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let count = 300
            let writing = Task {
                for number in 0..<count {
                    try await client.write([UInt8(truncatingIfNeeded: number)])
                    await Task.yield()
                }
                try client.finish()
            }
            var got: [UInt8] = []
            var isOver = false
            while !isOver {
                let reading = Task { try await server.read(maximum: 7) }
                await Task.yield()
                reading.cancel()
                do {
                    if let bytes = try await reading.value { got += bytes } else { isOver = true }
                } catch let error as QUICError where error.code == .cancelled {}
            }
            try await writing.value
            #expect(got == (0..<count).map { UInt8(truncatingIfNeeded: $0) })
        }
    }

    @Test("of a writer: what was taken is sent, bytesWritten tells how much, and the rest can follow")
    func writing() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            let text = [UInt8].pattern(8 << 20)
            try await expectCancellable("write", on: pair.client) { try await client.write(text) }
            let taken = Int(client.bytesWritten) - 1
            #expect(taken > 0 && taken < text.count)
            let writing = Task {
                try await client.write(text[taken...])
                try client.finish()
            }
            #expect(try await server.readToEnd(limit: text.count) == text)
            try await writing.value
        }
    }

    @Test("of waiting for acknowledgement, and for drain; both can be asked for again")
    func acknowledgement() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            // More than the windows allow: it can't be acknowledged before somebody reads.
            let text = [UInt8].pattern(600_000)
            try await client.write(text)
            try await expectCancellable("acknowledged", on: pair.client) { try await client.acknowledged() }
            try client.finish()
            let draining = Task { await client.connection.drain(upTo: .seconds(60)) }
            try await pair.client.untilWaiting(1)
            draining.cancel()
            #expect(await draining.value == false)
            let again = Task { try await client.acknowledged() }
            #expect(try await server.readToEnd(limit: text.count) == text)
            try await again.value
            #expect(await client.connection.drain(upTo: .seconds(60)))
        }
    }

    @Test("of openStream at the peer's limit: no number is lost")
    func openingStreams() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.transport.streams.bidirectional = 1 }
        } _: { pair in
            let (client, server) = try await pair.connect()
            let first = try await pair.openStream(client, server)
            try await expectCancellable("openStream", on: pair.client) { _ = try await client.openStream() }
            try await expectCancellable("withStream", on: pair.client) { try await client.withStream { _ in } }
            try first.client.finish()
            try first.server.finish()
            #expect(try await first.server.read() == nil)
            #expect(try await first.client.read() == nil)
            let second = try await client.openStream()
            #expect(second.id.rawValue == 4)
            second.abort(code: 0)
        }
    }

    @Test("of everything that waits for the peer to begin something")
    func accepting() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.transport.datagrams.maximumFrameSize = 1_200 }
        } _: { pair in
            try await expectCancellable("accept", on: pair.server) { _ = try await pair.server.accept() }
            try await expectCancellable("incoming", on: pair.server) { for try await _ in pair.server.incoming {} }
            try await expectCancellable("serve", on: pair.server) { try await pair.server.serve { _ in } }
            let (client, server) = try await pair.connect()
            try await expectCancellable("acceptStream", on: pair.server) { _ = try await server.acceptStream() }
            try await expectCancellable("incomingStreams", on: pair.server) {
                for try await _ in server.incomingStreams {}
            }
            try await expectCancellable("serveStreams", on: pair.server) { try await server.serveStreams { _ in } }
            try await expectCancellable("receiveDatagram", on: pair.server) { _ = try await server.receiveDatagram() }
            try await expectCancellable("datagrams", on: pair.server) { for try await _ in server.datagrams {} }
            try await expectCancellable("closed", on: pair.server) { _ = try await server.closed() }
            try await client.sendDatagram([1, 2, 3])
            #expect(try await server.receiveDatagram() == [1, 2, 3])
            try await pair.expectAlive(client, server)
        }
    }

    @Test("of connect and handshake where nobody answers: the attempt ends, and nothing is left of it")
    func connecting() async throws {
        try await EndpointPair.run { pair in
            // It has the port and listens to nobody: no ICMP message tells that nobody is there.
            let silent = try await QUICEndpoint.bind(to: .loopback())
            let address = await silent.localAddress
            try await expectCancellable("connect", on: pair.client) {
                _ = try await pair.client.connect(to: address, pair.clientConfiguration())
            }
            try await expectCancellable("connect by name", on: pair.client) {
                _ = try await pair.client.connect(
                    to: "127.0.0.1", port: address.port, pair.clientConfiguration())
            }
            let connection = try await pair.client.begin(to: address, pair.clientConfiguration())
            try await expectCancellable("handshake", on: pair.client) { try await connection.handshake() }
            try await expectCancellable("confirmed", on: pair.client) { try await connection.handshakeConfirmed() }
            try await expectCancellable("early data", on: pair.client) { _ = try await connection.earlyDataAccepted() }
            try await expectCancellable("openStream", on: pair.client) { _ = try await connection.openStream() }
            try await expectCancellable("updateKeys", on: pair.client) { try await connection.updateKeys() }
            #expect(connection.closeError == nil)
            connection.close()
            await silent.close()
        }
    }

    @Test("a task that is cancelled already gets what is there, and does not wait for what is not")
    func cancelledBefore() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connectWithStream()
            try await client.write("here")
            try await until { server.bytesAvailable == 4 }
            let task = Task { () -> [UInt8]? in
                withUnsafeCurrentTask { unsafe $0?.cancel() }
                #expect(await failure { _ = try await server.connection.acceptStream() }?.code == .cancelled)
                return try await server.read()
            }
            #expect(try await task.value == Array("here".utf8))
        }
    }
}
