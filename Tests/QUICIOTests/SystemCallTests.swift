internal import Glibc
internal import Testing

@testable internal import QUICIO

@Suite struct SystemCallTests {
    @Test("A call that succeeds hands its value on, zero and the largest included", arguments: [0, 1, Int.max])
    func success(_ value: Int) throws {
        #expect(try systemCall { value } == .finished(value))
    }

    @Test("A call is repeated for as long as signals interrupt it")
    func interrupted() throws {
        var calls = 0
        let outcome = try systemCall { () -> Int32 in
            calls += 1
            errno = EINTR
            return calls < 4 ? -1 : 42
        }
        #expect(outcome == .finished(42))
        #expect(calls == 4)
    }

    @Test("An empty non-blocking socket is a value and not an error")
    func wouldBlock() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        #expect(try systemCall { recv(descriptor, &byte, 1, 0) } == .wouldBlock)
    }

    @Test("Any other failure is thrown with its number")
    func failure() {
        #expect(throws: Errno.badDescriptor) { try systemCall { fcntl(-1, F_GETFD) } }
    }

    @Test("A failing call runs once")
    func failureRunsOnce() {
        var calls = 0
        #expect(throws: Errno.connectionRefused) {
            try systemCall { () -> Int in
                calls += 1
                errno = ECONNREFUSED
                return -1
            }
        }
        #expect(calls == 1)
    }

    @Test("What an earlier call left in errno does not matter to one that succeeds")
    func staleErrno() throws {
        errno = EBADF
        #expect(try systemCall { 3 } == .finished(3))
    }
}
