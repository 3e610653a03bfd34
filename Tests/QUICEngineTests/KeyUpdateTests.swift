import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Key update")
struct KeyUpdateTests {
    @Test("on either side in the middle of a transfer changes nothing for the data", arguments: [true, false])
    func update(byServer: Bool) throws {
        let transfer = try MigrationTests.Transfer()
        let (one, other) = byServer ? (transfer.server, transfer.client) : (transfer.client, transfer.server)
        #expect(one.engine?.statistics.keyUpdates == 0)
        try one.engine?.updateKeys(now: transfer.scenario.now)
        transfer.expectCompletion()
        #expect(one.engine?.statistics.keyUpdates == 1)
        #expect(other.engine?.statistics.keyUpdates == 1)
        #expect(one.saw(.keysUpdated))
        #expect(other.saw(.keysUpdated))
        transfer.scenario.expectNothingLeft()
    }

    @Test("is refused until the one before is confirmed, and possible again later")
    func twice() throws {
        let transfer = try MigrationTests.Transfer(bytes: 2_500_000)
        let scenario = transfer.scenario
        try transfer.client.engine?.updateKeys(now: scenario.now)
        let error = #expect(throws: EngineError.self) { try transfer.client.engine?.updateKeys(now: scenario.now) }
        #expect(error?.code == .connectionStateMismatch)
        #expect(error?.message.contains("not confirmed") == true)
        scenario.run(.milliseconds(500))
        // ngtcp2 keeps the old keys for three probe timeouts, RFC 9001 §6.5.
        try transfer.client.engine?.updateKeys(now: scenario.now)
        transfer.expectCompletion()
        #expect(transfer.client.events.filter { $0 == .keysUpdated }.count == 2)
        scenario.expectNothingLeft()
    }

    @Test("is refused before the handshake is confirmed")
    func early() throws {
        let scenario = Scenario()
        let client = try scenario.dial()
        let error = #expect(throws: EngineError.self) { try client.engine?.updateKeys(now: scenario.now) }
        #expect(error?.code == .connectionStateMismatch)
        scenario.expectNothingLeft()
    }

    @Test("works under loss, again and again")
    func underLoss() throws {
        let scenario = Scenario(
            seed: 9,
            conditions: LinkConditions(delay: .milliseconds(10), bandwidth: 8_000_000, queueLimit: 60_000, loss: 0.02))
        let transfer = try MigrationTests.Transfer(scenario, bytes: 1_500_000)
        for _ in 0..<4 {
            try? transfer.client.engine?.updateKeys(now: scenario.now)
            scenario.run(.milliseconds(400))
        }
        #expect(try #require(transfer.server.engine?.statistics.keyUpdates) >= 2)
        transfer.expectCompletion()
        scenario.expectNothingLeft()
    }
}
