import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Send buffers")
struct SendBufferTests {
    /// What a client's engine holds while it sends 4 MiB to a server whose windows are no limit.
    private struct Observed {
        var isDone = false
        /// How often the engine was looked at while the writer had more, and how often it had nothing to send then.
        var moments = 0
        var empty = 0
        var mostUnsent = 0
        var mostHeld = 0
    }

    private func observe(_ scenario: Scenario) throws -> Observed {
        // Less than a round trip's worth, so that only the shared part can do it.
        scenario.clientConfiguration.flowControl.sendBuffer = 20_000
        scenario.serverConfiguration {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 16 << 20
        }
        let (client, server) = try scenario.connect()
        server.keepsRecords = false
        let size = 4 << 20
        var received = 0
        server.onData = { _, _, count in received += count }
        let id = try client.open(.unidirectional, sending: [UInt8](repeating: 7, count: size))
        var observed = Observed()
        observed.isDone = scenario.run(.seconds(60)) {
            guard let engine = client.engine else { return false }
            observed.mostUnsent = max(observed.mostUnsent, engine.streams.held.unsent)
            observed.mostHeld = max(observed.mostHeld, engine.bytesUnacknowledged(on: id))
            guard engine.statistics.streamBytesWritten < UInt64(size) else { return received == size }
            observed.moments += 1
            if engine.streams.held.unsent == 0 { observed.empty += 1 }
            return false
        }
        scenario.expectNothingLeft()
        return observed
    }

    @Test(
        "a sender with losses never runs out of bytes while its writer has more",
        arguments: [EngineConfiguration.CongestionControl.cubic, .bbr], [1, 2, 3] as [UInt64])
    func losses(_ control: EngineConfiguration.CongestionControl, _ seed: UInt64) throws {
        let scenario = Scenario(seed: seed, conditions: LinkConditions(delay: .milliseconds(10), loss: 0.01))
        scenario.clientConfiguration.congestionControl = control
        let observed = try self.observe(scenario)
        #expect(observed.isDone && observed.moments > 100 && observed.empty == 0, "\(observed), seed \(seed)")
        #expect(observed.mostHeld <= scenario.clientConfiguration.flowControl.maximumSendBuffer)
    }

    @Test("what waits to be sent is bounded, though the windows of the path and of the peer are large")
    func unsentBound() throws {
        let scenario = Scenario(conditions: LinkConditions(delay: .milliseconds(10), bandwidth: 200_000_000))
        scenario.clientConfiguration.flowControl.maximumUnsent = 60_000
        let observed = try self.observe(scenario)
        #expect(observed.isDone && observed.mostUnsent <= 60_000, "\(observed)")
        // What is in flight comes on top: a round trip's worth of the link is more than the bounds of what waits.
        #expect(observed.mostHeld > 200_000, "\(observed)")
    }
}
