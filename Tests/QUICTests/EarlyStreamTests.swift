import QUIC
import Testing

@Suite("0-RTT streams of connections with a handler")
struct EarlyStreamTests {
    @Test("the handler is told of them like of any other")
    func told() async throws {
        let (key, protection) = (try SessionTicketKey(), try ReplayProtection())
        try await EndpointPair.run { options in
            options.server = {
                $0.tls.ticketKey = key
                $0.tls.earlyData = protection
                $0.handler = { _ in Echo() }
            }
        } _: { pair in
            let store = MemoryStore()
            let first = try await pair.client.connect(
                to: pair.address, pair.clientConfiguration { $0.sessions = store })
            var isKept = false
            while !isKept, let event = try await first.events.next() {
                isKept = event == .ticketReceived(allowsEarlyData: true)
            }
            first.close()
            var opened: QUICStream?
            let second = try await pair.client.begin(
                to: pair.address,
                pair.clientConfiguration {
                    $0.sessions = store
                    $0.tls.sendsEarlyData = true
                }
            ) { second in
                let stream = try await second.openStream()
                #expect(stream.isEarly)
                try await stream.write("early")
                try stream.finish()
                opened = stream
            }
            let stream = try #require(opened)
            #expect(try await stream.readToEnd(limit: 100) == Array("early".utf8))
            #expect(try await second.earlyDataAccepted())
            second.close()
        }
    }

    private final class Echo: QUICConnectionHandler {
        private var known: Set<StreamID> = []

        func streamOpened(_ stream: StreamID, early: Bool, on connection: isolated QUICConnection) {
            self.known.insert(stream)
        }

        func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
            guard self.known.contains(stream) else { return }
            while let chunk = connection.readChunk(stream) { connection.write(chunk, to: stream) }
            if connection.isAtEnd(stream) { connection.finish(stream) }
        }
    }
}
