import QUIC
import QUICTestSupport
import Synchronization
import Testing

@Suite("Handlers on the loop", .timeLimit(.minutes(5)))
struct HandlerTests {
    /// Writes down what it is told, and asks an echo server once.
    final class Asker: QUICConnectionHandler, Sendable {
        let told: Mutex<[String]>
        init() { self.told = Mutex([]) }
        private func note(_ text: String) { self.told.withLock { $0.append(text) } }

        func connected(_ connection: isolated QUICConnection) {
            self.note("connected")
            guard let stream = connection.open() else { return }
            _ = try? connection.write(Array("question".utf8).span.bytes, to: stream)
            connection.finish(stream)
        }
        func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
            while let chunk = connection.readChunk(stream) { self.note(String(decoding: chunk.bytes, as: UTF8.self)) }
            if connection.isAtEnd(stream) { self.note("end") }
        }
        func streamClosed(_ stream: StreamID, on connection: isolated QUICConnection) {
            self.note("streamClosed")
            connection.close(code: 2)
        }
        func closed(_ error: QUICError, on connection: isolated QUICConnection) {
            self.note("closed \(error.applicationCode ?? 0)")
        }
    }

    @Test("a client and a server of handlers talk; call-backs come in the order of what happened")
    func order() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.handler = { _ in EchoHandler() } }
        } _: { pair in
            let asker = Asker()
            let client = try await pair.client.connect(
                to: pair.address, pair.clientConfiguration { $0.handler = { _ in asker } })
            #expect(try await client.closed().applicationCode == 2)
            #expect(asker.told.withLock { $0 } == ["connected", "question", "end", "streamClosed", "closed 2"])
        }
    }

    /// Counts what arrives, and answers with it.
    final class Counter: QUICConnectionHandler {
        private var totals: [StreamID: Int] = [:]

        func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
            while let count = connection.withNextBytes(of: stream, { $0.byteCount }) {
                self.totals[stream, default: 0] += count
            }
            guard connection.isAtEnd(stream), let total = self.totals.removeValue(forKey: stream) else { return }
            _ = try? connection.write(Array("\(total)".utf8).span.bytes, to: stream)
            connection.finish(stream)
        }
    }

    @Test("a handler is lent all that arrives, and nothing of a stream that it does not know")
    func lending() async throws {
        try await EndpointPair.run { options in
            options.server = { $0.handler = { _ in Counter() } }
        } _: { pair in
            let client = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
            let answer = try await client.withStream { stream in
                try await stream.write([UInt8](repeating: 7, count: 300_000))
                try stream.finish()
                return try await stream.readToEnd(limit: 100)
            }
            #expect(answer == Array("300000".utf8))
            #expect(await client.lent(of: StreamID(400)) == nil)
        }
    }

    @Test("a task that prefers the endpoint's executor talks from there")
    func executor() async throws {
        try await EndpointPair.run { pair in
            let serving = pair.serveEcho()
            let answer = try await Task(executorPreference: pair.client.executor) {
                let client = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
                return try await client.withStream { stream in
                    try await stream.write("from the loop")
                    try stream.finish()
                    return try await stream.readToEnd(limit: 100)
                }
            }.value
            #expect(answer == Array("from the loop".utf8))
            await pair.server.shutdown(deadline: .zero)
            try await serving.value
        }
    }
}

extension QUICConnection {
    /// What is lent of a stream, from a task.
    fileprivate func lent(of stream: StreamID) -> Int? { self.withNextBytes(of: stream) { $0.byteCount } }
}
