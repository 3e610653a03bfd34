import QUICEngine
import QUICTestSupport
import Testing

@Suite("Packets that wait for a verdict")
struct PacketsBeforeVerdictTests {
    @Test("frames in packets that came before the verdict are watched like all others")
    func watched() throws {
        let scenario = Scenario()
        scenario.clientTLS.logsKeys = true
        scenario.clientTLS.cryptography.ciphers = [.aes128GCM]
        scenario.clientTLS.identity = Scenario.clientIdentity
        scenario.clientConfiguration.versions = [.version1]
        scenario.serverConfiguration { $0.versions = [.version1] }
        scenario.serverTLS { $0.clientAuthentication = .required(.deferred) }
        let client = try scenario.dial()
        scenario.run { client.isConnected }
        scenario.run(.milliseconds(30))
        let server = try #require(scenario.server.accepted.first)
        #expect(!server.isConnected)
        // The client's handshake is complete, so its 1-RTT packets are too; the server has to keep them.
        let secret = try #require(PacketForge.secret("CLIENT_TRAFFIC_SECRET_0", in: client.events))
        var forge = PacketForge(secret: secret)
        let id = try #require(client.engine?.peerConnectionID)
        func newConnectionID(_ number: UInt8, _ retirePriorTo: UInt8) -> [UInt8] {
            [0x18, number, retirePriorTo, 8] + [UInt8](repeating: number, count: 24)
        }
        let frames = newConnectionID(10, 10) + newConnectionID(5, 0) + newConnectionID(5, 0) + [0x05, 0x00, 0x07]
        let path = NetworkPath(local: scenario.client.address, remote: scenario.server.address)
        scenario.simulation.network.send(forge.packet(to: id, frames: frames), path: path)
        scenario.run(.milliseconds(20))
        try server.engine?.completeVerification(.accept, now: scenario.now)
        scenario.run(.milliseconds(20))
        #expect(server.isConnected)
        // STOP_SENDING for stream 0 opened it, and was noticed.
        #expect(server.saw(.streamStopped(StreamID(0), code: 7)))
        scenario.expectNothingLeft()
    }
}
