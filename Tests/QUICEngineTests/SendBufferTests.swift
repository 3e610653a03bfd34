import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Send buffers")
struct SendBufferTests {
    @Test(
        "a sender with losses never runs out of bytes while its writer has more",
        arguments: [EngineConfiguration.CongestionControl.cubic, .bbr], [1, 2, 3] as [UInt64])
    func losses(_ control: EngineConfiguration.CongestionControl, _ seed: UInt64) throws {
        var conditions = LinkConditions(delay: .milliseconds(10))
        conditions.loss = 0.01
        let scenario = Scenario(seed: seed, conditions: conditions)
        scenario.clientConfiguration.congestionControl = control
        // Less than a round trip's worth, so that only the shared part can do it.
        scenario.clientConfiguration.flowControl.sendBuffer = 20_000
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 16 << 20
        }
        let (client, server) = try scenario.connect()
        server.keepsRecords = false
        let size = 4 << 20
        let id = try client.open(.unidirectional, sending: [UInt8](repeating: 7, count: size))
        var received = 0
        server.onData = { _, _, count in received += count }
        var moments = 0
        var empty = 0
        var held = 0
        let isDone = scenario.run(.seconds(60)) {
            guard let engine = client.engine, engine.statistics.streamBytesWritten < UInt64(size) else {
                return received == size
            }
            moments += 1
            if engine.streams.held.unsent == 0 { empty += 1 }
            held = max(held, engine.bytesUnacknowledged(on: id))
            return false
        }
        #expect(isDone, "\(received) of \(size) bytes arrived, seed \(seed)")
        #expect(moments > 100 && empty == 0, "\(empty) of \(moments) times nothing was left to send, seed \(seed)")
        #expect(held <= scenario.clientConfiguration.flowControl.maximumSendBuffer)
        scenario.expectNothingLeft()
    }

    @Test("what waits to be sent is bounded, though the windows of the path and of the peer are large")
    func unsentBound() throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(10), bandwidth: 200_000_000))
        scenario.clientConfiguration.flowControl.sendBuffer = 20_000
        scenario.clientConfiguration.flowControl.maximumUnsent = 60_000
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 16 << 20
        }
        let (client, server) = try scenario.connect()
        server.keepsRecords = false
        let size = 4 << 20
        let id = try client.open(.unidirectional, sending: [UInt8](repeating: 7, count: size))
        var received = 0
        server.onData = { _, _, count in received += count }
        var most = 0
        var held = 0
        #expect(
            scenario.run {
                guard let engine = client.engine else { return false }
                most = max(most, engine.streams.held.unsent)
                held = max(held, engine.bytesUnacknowledged(on: id))
                return received == size
            })
        #expect(most <= 60_000)
        // What is in flight comes on top: two round trips' worth of the link are more than the bounds of what waits.
        #expect(held > 200_000)
        scenario.expectNothingLeft()
    }
}
