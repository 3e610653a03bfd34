import QUIC
import QUICIO
import QUICTestSupport
import Testing

@Suite("Transfers over loopback")
struct StreamTransferTests {
    static let both: [NetworkAddress] = [.loopback(), .loopbackIPv6()]

    @Test("100 connections with 100 streams each are all echoed")
    func manyStreams() async throws {
        try await EndpointPair.run { pair in
            let serving = pair.serveEcho()
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        let connection = try await pair.client.connect(to: pair.address, pair.clientConfiguration())
                        try await withThrowingDiscardingTaskGroup { streams in
                            for index in 0..<100 {
                                streams.addTask {
                                    let text = Array("connection \(number) stream \(index)".utf8)
                                    let answer = try await connection.withStream { stream in
                                        try await stream.write(text)
                                        try stream.finish()
                                        return try await stream.readToEnd(limit: 1_000)
                                    }
                                    #expect(answer == text)
                                }
                            }
                        }
                        connection.close()
                    }
                }
            }
            await pair.server.shutdown()
            try await serving.value
        }
    }

    @Test("bytes arrive unchanged, in one direction and in both at once", arguments: both, [1, 2])
    func bulk(_ address: NetworkAddress, _ directions: Int) async throws {
        try await EndpointPair.run(at: address) { pair in
            let (client, server) = try await pair.connect()
            let size = 16 << 20
            let stream = try await client.openStream()
            try await stream.write([0])
            let accepted = try await server.acceptStream()
            #expect(try await accepted.readExactly(1) == [0])
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await Pattern.send(size, seed: 1, on: stream) }
                group.addTask { try await Pattern.check(size, seed: 1, on: accepted) }
                if directions == 2 {
                    group.addTask { try await Pattern.send(size, seed: 2, on: accepted) }
                    group.addTask { try await Pattern.check(size, seed: 2, on: stream) }
                }
            }
        }
    }
}

/// Bytes that a receiver can check without keeping them.
enum Pattern {
    static func send(_ count: Int, seed: UInt64, on stream: QUICStream) async throws {
        var sent = 0
        while sent < count {
            let size = min(256 << 10, count - sent)
            try await stream.write(Self.block(at: sent, size: size, seed: seed))
            sent += size
        }
        try stream.finish()
    }

    static func check(_ count: Int, seed: UInt64, on stream: QUICStream) async throws {
        var received = 0
        while let chunk = try await stream.readChunk() {
            let isEqual = chunk.withBytes { bytes in
                (0..<bytes.byteCount).allSatisfy { bytes.byte(at: $0) == Self.byte(at: received + $0, seed: seed) }
            }
            guard isEqual else {
                Issue.record("a byte between \(received) and \(received + chunk.count) is wrong")
                return
            }
            received += chunk.count
        }
        #expect(received == count)
    }

    private static func block(at offset: Int, size: Int, seed: UInt64) -> [UInt8] {
        (0..<size).map { Self.byte(at: offset + $0, seed: seed) }
    }

    private static func byte(at offset: Int, seed: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: (UInt64(offset) &+ seed) &* 0x9e37_79b9_7f4a_7c15 >> 32)
    }
}
