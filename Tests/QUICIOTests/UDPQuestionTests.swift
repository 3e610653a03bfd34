internal import Testing

@testable internal import QUICIO

@Suite(.timeLimit(.minutes(5))) struct UDPQuestionTests {
    @Test("An answer comes back as it was sent", arguments: [SocketAddress.loopback4, .loopback6])
    func answered(loopback: SocketAddress) async throws {
        let server = try UDPSocket(bindingTo: loopback)
        async let asking = UDPQuestion.ask([1, 2, 3], of: server.localAddress, attempts: 3, each: .seconds(60))
        let question = try await Self.arrival(at: server)
        #expect(question.bytes == [1, 2, 3])
        // What comes from another port is not the answer.
        try UDPSocket(bindingTo: loopback).send([9], to: question.remote)
        try server.send([4, 5], to: question.remote)
        let reply = await asking
        guard case .answered(let answer) = reply.outcome else {
            Issue.record("\(reply.outcome) is no answer")
            return
        }
        #expect(answer == [4, 5])
        #expect(reply.source == question.remote)
        #expect(reply.attempts == 1)
        #expect((reply.mtu ?? 0) >= 1_280)
    }

    @Test("A closed port is a refusal", arguments: [SocketAddress.loopback4, .loopback6])
    func refused(loopback: SocketAddress) async throws {
        let server = try UDPSocket(bindingTo: loopback)
        server.close()
        let reply = await UDPQuestion.ask([1], of: server.localAddress, attempts: 1, each: .seconds(60))
        guard case .refused(.connectionRefused) = reply.outcome else {
            Issue.record("\(reply.outcome) is no refusal")
            return
        }
    }

    @Test("Silence is told after every attempt was made")
    func silent() async throws {
        let server = try UDPSocket(bindingTo: .loopback4)
        let reply = await UDPQuestion.ask([7], of: server.localAddress, attempts: 3, each: .zero)
        guard case .silent = reply.outcome else {
            Issue.record("\(reply.outcome) is no silence")
            return
        }
        #expect(reply.attempts == 3)
        #expect(try server.receive(3).map(\.bytes) == [[7], [7], [7]])
    }

    @Test("A cancelled task waits no longer")
    func cancelled() async throws {
        let server = try UDPSocket(bindingTo: .loopback4)
        let address = server.localAddress
        let task = Task { await UDPQuestion.ask([7], of: address, attempts: 1, each: .seconds(3_600)) }
        task.cancel()
        guard case .silent = await task.value.outcome else {
            Issue.record("something was heard")
            return
        }
    }

    @Test("An address that nothing can be sent to is told at once")
    func unsendable() async {
        // Nobody asks for broadcasts here.
        let everybody = SocketAddress(ipv4: (255, 255, 255, 255), port: 9)
        let reply = await UDPQuestion.ask([1], of: everybody, attempts: 2, each: .seconds(60))
        guard case .unsendable = reply.outcome else {
            Issue.record("\(reply.outcome) although nothing can have left")
            return
        }
    }

    private static func arrival(at socket: UDPSocket) async throws -> Arrival {
        while true {
            if let arrival = try socket.receiveAll().first { return arrival }
            await Task.yield()
        }
    }
}
