import Glibc
import QUICIO
import Testing

@Suite("TCP connections", .timeLimit(.minutes(1)))
struct TCPConnectionTests {
    /// A descriptor that listens on a TCP port of its own, and its address.
    private static func listener() throws -> (descriptor: Int32, address: SocketAddress) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 5) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        try #require(result)
        return (descriptor, SocketAddress(ipv4: (127, 0, 0, 1), port: UInt16(bigEndian: address.sin_port)))
    }

    @Test("carry bytes both ways, and tell the end")
    func exchange() async throws {
        let (listener, address) = try Self.listener()
        defer { close(listener) }
        let connection = try await TCPConnection.connect(to: address, within: .seconds(10))
        let peer = accept(listener, nil, nil)
        try #require(peer >= 0)
        try await connection.write(Array("ping".utf8), within: .seconds(10))
        var buffer = [UInt8](repeating: 0, count: 4)
        #expect(recv(peer, &buffer, 4, Int32(MSG_WAITALL)) == 4)
        #expect(buffer == Array("ping".utf8))
        #expect(send(peer, Array("pong".utf8), 4, 0) == 4)
        #expect(try await connection.read(maximum: 2, within: .seconds(10)) == Array("po".utf8))
        #expect(try await connection.read(maximum: 100, within: .seconds(10)) == Array("ng".utf8))
        close(peer)
        #expect(try await connection.read(maximum: 100, within: .seconds(10)) == [])
    }

    @Test("a read that nobody answers ends at its limit, and the connection goes on")
    func silence() async throws {
        let (listener, address) = try Self.listener()
        defer { close(listener) }
        let connection = try await TCPConnection.connect(to: address, within: .seconds(10))
        let peer = accept(listener, nil, nil)
        defer { close(peer) }
        await #expect(throws: Errno.timedOut) { try await connection.read(maximum: 1, within: .milliseconds(1)) }
        #expect(send(peer, [7], 1, 0) == 1)
        #expect(try await connection.read(maximum: 1, within: .seconds(10)) == [7])
    }

    @Test("a write that nobody takes ends at its limit")
    func congestion() async throws {
        let (listener, address) = try Self.listener()
        defer { close(listener) }
        let connection = try await TCPConnection.connect(to: address, within: .seconds(10))
        await #expect(throws: Errno.timedOut) {
            try await connection.write([UInt8](repeating: 0, count: 64 << 20), within: .milliseconds(1))
        }
    }

    @Test("a peer that has gone is an error, not the end of the process")
    func gone() async throws {
        let (listener, address) = try Self.listener()
        let connection = try await TCPConnection.connect(to: address, within: .seconds(10))
        close(accept(listener, nil, nil))
        close(listener)
        await #expect(throws: Errno.self) {
            while true { try await connection.write([1], within: .seconds(10)) }
        }
        await #expect(throws: Errno.connectionRefused) {
            try await TCPConnection.connect(to: address, within: .seconds(10))
        }
    }
}
