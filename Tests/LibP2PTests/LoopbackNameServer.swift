internal import QUICIO
internal import Synchronization

@testable internal import LibP2P

/// A name server on loopback that answers as a test tells it.
final class LoopbackNameServer: LoopClient {
    /// The answers to a question, of which none means silence.
    typealias Answers = @Sendable (DNSMessage) -> [[UInt8]]

    private let socket: UDPSocket
    private let loop = EventLoop.shared(0)
    private let answers: Answers
    private let questions = Mutex(0)

    init(_ answers: @escaping Answers) throws {
        self.socket = try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))
        self.answers = answers
        self.loop.run {
            self.loop.attach(self)
            self.loop.watch(self.socket, for: self)
        }
    }

    var address: SocketAddress { self.socket.localAddress }

    /// How often it was asked.
    var questionCount: Int { self.questions.withLock { $0 } }

    func end() {
        self.loop.run { self.loop.detach(self) }
        self.socket.close()
    }

    func turn(now: UInt64, readiness: LoopReadiness) -> UInt64? {
        while let datagram = try? self.socket.receiveDatagram() {
            guard let question = try? DNSMessage(decoding: datagram.bytes) else { continue }
            self.questions.withLock { $0 += 1 }
            for answer in self.answers(question) { _ = self.socket.sendDatagram(answer, to: datagram.remote) }
        }
        return nil
    }
}
