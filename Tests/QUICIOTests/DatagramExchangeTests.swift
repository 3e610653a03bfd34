internal import Testing

@testable internal import QUICIO

@Suite(.timeLimit(.minutes(5))) struct DatagramExchangeTests {
    @Test(
        "The first datagram that is an answer comes back as it was sent",
        arguments: [SocketAddress.loopback4, .loopback6])
    func answered(loopback: SocketAddress) async throws {
        let server = try UDPSocket(bindingTo: loopback)
        async let asking = Self.ask(server.localAddress, [1, 2, 3]) { $0.first == 4 }
        let question = try await Self.arrival(at: server)
        #expect(question.bytes == [1, 2, 3])
        // What comes from another port is not the answer, nor is whatever the asker does not take for one.
        try UDPSocket(bindingTo: loopback).send([4], to: question.remote)
        try server.send([9], to: question.remote)
        try server.send([4, 5], to: question.remote)
        let report = await asking
        #expect(report.outcome == .answer([4, 5]))
        #expect(report.attempts == 1)
        #expect((report.mtu ?? 0) >= 1_280)
    }

    @Test("A closed port is a refusal", arguments: [SocketAddress.loopback4, .loopback6])
    func refused(loopback: SocketAddress) async throws {
        let server = try UDPSocket(bindingTo: loopback)
        server.close()
        #expect(await Self.ask(server.localAddress, [1]).outcome == .refused(.connectionRefused))
    }

    @Test("A question that nobody answers is repeated until the task is cancelled")
    func repeated() async throws {
        let server = try UDPSocket(bindingTo: .loopback4)
        let address = server.localAddress
        let task = Task {
            await DatagramExchange.ask(
                address, [7], within: .seconds(600), interval: .milliseconds(1), isAnswer: { _ in true })
        }
        for _ in 0..<3 { #expect(try await Self.arrival(at: server).bytes == [7]) }
        task.cancel()
        let report = await task.value
        #expect(report.outcome == .cancelled)
        #expect(report.attempts >= 3)
    }

    @Test("Silence is told when the time is over")
    func silence() async throws {
        let server = try UDPSocket(bindingTo: .loopback4)
        let report = await DatagramExchange.ask(
            server.localAddress, [7], within: .milliseconds(1), isAnswer: { _ in true })
        #expect(report.outcome == .silence)
    }

    @Test("A cancelled task waits no longer")
    func cancelled() async throws {
        let server = try UDPSocket(bindingTo: .loopback4)
        let address = server.localAddress
        let task = Task { await Self.ask(address, [7]) }
        task.cancel()
        #expect(await task.value.outcome == .cancelled)
    }

    @Test("An address that nothing can be sent to is told at once")
    func unsendable() async {
        // Nobody asks for broadcasts here.
        let report = await Self.ask(SocketAddress(ipv4: (255, 255, 255, 255), port: 9), [1])
        guard case .unsendable = report.outcome else {
            Issue.record("\(report.outcome) although nothing can have left")
            return
        }
    }

    /// One question only, for as long as it takes.
    private static func ask(
        _ address: SocketAddress, _ question: [UInt8], isAnswer: @escaping @Sendable ([UInt8]) -> Bool = { _ in true }
    ) async -> DatagramExchange.Report {
        await DatagramExchange.ask(
            address, question, within: .seconds(600), interval: .seconds(600), isAnswer: isAnswer)
    }

    private static func arrival(at socket: UDPSocket) async throws -> Arrival {
        while true {
            if let arrival = try socket.receiveAll().first { return arrival }
            await Task.yield()
        }
    }
}
