import QUICEngine
import QUICTestSupport
import Testing

@testable import QUICEngine

/// ngtcp2 must not be entered from one of its own call-backs: it would corrupt itself. Call-backs get no reference to
/// the engine, so only a closure of the application can try; that is a programming error and traps.
@Suite("Calling the engine from inside a call-back")
struct CallbackGuardTests {
    /// Hands the engine to a trust policy that misuses it.
    private final class Misuse: @unchecked Sendable {
        var engine: ConnectionEngine?
        var act: (ConnectionEngine) -> Void = { _ in }
    }

    private static func handshake(misusing act: @escaping (ConnectionEngine) -> Void) throws {
        let misuse = Misuse()
        misuse.act = act
        let scenario = Scenario()
        scenario.clientTLS.trust = .custom { _ in
            if let engine = misuse.engine { misuse.act(engine) }
            return .accept
        }
        let client = try scenario.dial()
        misuse.engine = client.engine
        scenario.run { client.isConnected }
        misuse.engine = nil
        scenario.expectNothingLeft()
    }

    @Test("receiving a datagram there traps")
    func receiving() async {
        await #expect(processExitsWith: .failure) {
            try Self.handshake { engine in
                engine.receive(
                    [UInt8](repeating: 0x40, count: 100).span.bytes, path: engine.currentPath, ecn: .notCapable,
                    now: EngineInstant(nanoseconds: 2_000_000_000))
            }
        }
    }

    @Test("writing packets there traps")
    func transmitting() async {
        await #expect(processExitsWith: .failure) {
            try Self.handshake { engine in
                var buffer = [UInt8](repeating: 0, count: 65_536)
                var span = buffer.mutableSpan
                var target = span.mutableBytes
                engine.transmit(into: &target, now: EngineInstant(nanoseconds: 2_000_000_000))
            }
        }
    }

    @Test("closing there traps")
    func closing() async {
        await #expect(processExitsWith: .failure) {
            try Self.handshake { try? $0.close(transportCode: 0, now: EngineInstant(nanoseconds: 2_000_000_000)) }
        }
    }

    @Test("draining events there traps")
    func draining() async {
        await #expect(processExitsWith: .failure) { try Self.handshake { _ = $0.drainEvents() } }
    }

    @Test("a policy that leaves the engine alone does not")
    func innocent() async {
        await #expect(processExitsWith: .success) { try Self.handshake { _ in } }
    }
}
