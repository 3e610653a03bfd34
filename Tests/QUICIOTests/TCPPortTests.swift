import Glibc
import QUICIO
import Testing

@Suite("Ports that take TCP")
struct TCPPortTests {
    /// A descriptor that listens on a TCP port of its own, and that port.
    private static func listener() throws -> (descriptor: Int32, port: UInt16) {
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
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    @Test("one with a listener is open; without it, it is closed")
    func open() async throws {
        let (descriptor, port) = try Self.listener()
        let address = SocketAddress(ipv4: (127, 0, 0, 1), port: port)
        #expect(await TCPPort.state(of: address, within: .seconds(10)) == .open)
        close(descriptor)
        #expect(await TCPPort.state(of: address, within: .seconds(10)) == .closed(.connectionRefused))
    }
}
