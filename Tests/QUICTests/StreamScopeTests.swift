import QUIC
import Synchronization
import Testing

@Suite("Scopes of streams", .timeLimit(.minutes(5)))
struct StreamScopeTests {
    struct Failure: Error {}

    @Test("leaving a scope finishes the stream: nothing that was written is lost")
    func leaving() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            try await client.withStream { try await $0.write([UInt8].pattern(100_000)) }
            let accepted = try await server.acceptStream()
            #expect(try await accepted.readToEnd(limit: 100_000) == .pattern(100_000))
        }
    }

    @Test("an error resets both directions with the code of the scope")
    func throwing() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            await #expect(throws: Failure.self) {
                try await client.withStream(errorCode: 44) { stream in
                    try await stream.write("x")
                    throw Failure()
                }
            }
            let accepted = try await server.acceptStream()
            #expect(await failure { _ = try await accepted.readToEnd(limit: 10) }?.applicationCode == 44)
        }
    }

    @Test("cancelling the task resets the stream, and the connection goes on")
    func cancelling() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let task = Task {
                try await client.withStream(errorCode: 45) { stream in
                    try await stream.write("x")
                    _ = try await stream.readToEnd(limit: 10)
                }
            }
            let accepted = try await server.acceptStream()
            #expect(try await accepted.readExactly(1) == Array("x".utf8))
            try await pair.client.untilWaiting(1)
            task.cancel()
            #expect(await failure { try await task.value }?.code == .cancelled)
            #expect(await failure { _ = try await accepted.readToEnd(limit: 10) }?.applicationCode == 45)
            try await pair.expectAlive(client, server)
        }
    }

    @Test("a handler that throws resets its own stream, and the others are served")
    func servingStreams() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let serving = Task {
                try await server.serveStreams(errorCode: 3) { stream in
                    let bytes = try await stream.readToEnd(limit: 100)
                    if bytes.first == 0 { throw Failure() }
                    try await stream.write(bytes)
                }
            }
            for number in 0..<20 as Range<UInt8> {
                let answer = Task {
                    try await client.withStream { stream in
                        try await stream.write([number % 2, number])
                        try stream.finish()
                        return try await stream.readToEnd(limit: 100)
                    }
                }
                switch await answer.result {
                case .success(let bytes): #expect(bytes == [1, number])
                case .failure(let error):
                    #expect(number % 2 == 0)
                    #expect((error as? QUICError)?.applicationCode == 3)
                }
            }
            client.close()
            try await serving.value
        }
    }

    @Test("the peer's limit on streams makes openStream wait, and a stream that is over makes room")
    func limits() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.transport.streams.bidirectional = 2 }
        } _: { pair in
            let (client, server) = try await pair.connect()
            var held = [try await client.openStream(), try await client.openStream()]
            #expect(try client.tryOpenStream() == nil)
            let waiting = Task { try await client.openStream() }
            try await pair.client.untilWaiting(1)
            try await held[0].write([1])
            try held[0].finish()
            let accepted = try await server.acceptStream()
            _ = try await accepted.readToEnd(limit: 10)
            try accepted.finish()
            _ = try await held[0].readToEnd(limit: 10)
            let third = try await waiting.value
            #expect(third.id.rawValue == 8)
            held.append(third)
            try await third.write([2])
            #expect(try await server.acceptStream().id == third.id)
        }
    }

    @Test("a thousand streams are opened by many tasks at once, each with a number of its own")
    func manyOpeners() async throws {
        try await EndpointPair.run { pair in
            let (client, server) = try await pair.connect()
            let serving = Task { try await server.serveStreams { _ = try await $0.readToEnd(limit: 10) } }
            let ids = try await withThrowingTaskGroup(of: StreamID.self) { group in
                for _ in 0..<1_000 {
                    group.addTask {
                        try await client.withStream(.unidirectional) { stream in
                            try await stream.write([1])
                            return stream.id
                        }
                    }
                }
                return try await group.reduce(into: Set<StreamID>()) { $0.insert($1) }
            }
            #expect(ids.count == 1_000)
            #expect(ids.max()?.rawValue == 3_998)
            client.close()
            try await serving.value
        }
    }
}
