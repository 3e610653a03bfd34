internal import Foundation
internal import QUIC
internal import Synchronization

@testable internal import LibP2P

/// The protocols of Tests/Interop/pylibp2p_peer.py, which say what one end sees of the other.
enum InteropProtocols {
    static let whoami: ProtocolID = "/whoami/1.0.0"
    static let finish: ProtocolID = "/finish/1.0.0"
    static let reset: ProtocolID = "/reset/1.0.0"
    static let watch: ProtocolID = "/watch/1.0.0"
    static let seen: ProtocolID = "/seen/1.0.0"
    static let hangup: ProtocolID = "/hangup/1.0.0"

    /// Who somebody is, as the other end has it.
    struct Caller: Codable {
        let peer: String
        let port: UInt16
    }

    /// The codes that the streams of ``watch`` were reset with, by peer.
    private final class Codes: Sendable {
        let byPeer = Mutex<[PeerID: UInt64]>([:])
        let bell = Bell()
    }

    /// Serves them.
    static func serve(on host: LibP2PHost) throws {
        let codes = Codes()
        try host.handle(self.whoami) { stream in
            let port = try stream.connection?.remoteAddress.networkAddress().port
            let caller = Caller(peer: "\(stream.peer)", port: port ?? 0)
            try await stream.write([UInt8](JSONEncoder().encode(caller)))
        }
        try host.handle(self.finish) { stream in try await stream.write("bye") }
        try host.handle(self.reset) { stream in stream.reset(StreamCode(rawValue: try await self.number(stream))) }
        try host.handle(self.watch) { stream in
            try await stream.write("!")
            let failure = await failure { while try await stream.read() != nil {} }
            codes.byPeer.withLock { $0[stream.peer] = failure?.applicationCode }
            codes.bell.ring()
        }
        try host.handle(self.seen) { stream in
            let code = try await codes.bell.wait { codes.byPeer.withLock { $0[stream.peer].map { .success($0) } } }
            try await stream.write("\(code)")
        }
        try host.handle(self.hangup) { stream in
            stream.connection?.close(ConnectionCode(rawValue: try await self.number(stream)), reason: "as you wish")
        }
    }

    /// A code in four bytes, the highest first.
    static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt64(24 - 8 * $0)) }
    }

    private static func number(_ stream: LibP2PStream) async throws -> UInt64 {
        try await stream.readExactly(4).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
