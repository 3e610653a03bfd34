internal import QUIC
internal import QUICIO
internal import Testing

@testable internal import LibP2P

/// Questions to real name servers on loopback.
@Suite(.timeLimit(.minutes(5))) struct NameServerTests {
    private static let record: String = "dnsaddr=/ip4/192.0.2.1/udp/4001/quic-v1"

    /// An answer to a question with these TXT records.
    private static func answer(_ question: DNSMessage, _ texts: [[String]], code: UInt16 = 0) -> DNSMessage {
        var message = DNSMessage(id: question.id, flags: DNSMessage.response | code, questions: question.questions)
        message.answers = question.questions.prefix(1).flatMap { asked in
            texts.map { strings in
                DNSRecord(
                    name: asked.name, type: .txt, timeToLive: 60,
                    content: .strings(strings.map { Array($0.utf8) }))
            }
        }
        return message
    }

    @Test("The TXT records of a name come from its server, each with its strings joined")
    func texts() async throws {
        let server = try LoopbackNameServer { question in
            #expect(question.questions.map(\.name.description) == ["_dnsaddr.example.org"])
            #expect(question.questions.map(\.type) == [.txt])
            #expect(question.additionals.map(\.type) == [.opt])
            return [Self.answer(question, [["dnsaddr=/ip4/192.0.2.1", "/udp/4001/quic-v1"], ["other"]]).encoded]
        }
        defer { server.end() }
        let names = SystemNames(servers: [server.address])
        #expect(try await names.texts(of: "_dnsaddr.example.org") == [Self.record, "other"])
        let resolver = AddressResolver(.init(), source: names)
        let found = try await resolver.resolve(Multiaddress("/dnsaddr/example.org"))
        #expect(found.map(\.description) == ["/ip4/192.0.2.1/udp/4001/quic-v1"])
    }

    @Test("Answers with another number, to another question, or that are none, are not taken")
    func forged() async throws {
        let server = try LoopbackNameServer { question in
            var otherID = Self.answer(question, [["otherID"]])
            otherID.id &+= 1
            var otherName = Self.answer(question, [["otherName"]])
            otherName.questions = DNSName("example.net").map { [DNSQuestion(name: $0, type: .txt)] } ?? []
            var noAnswer = Self.answer(question, [["noAnswer"]])
            noAnswer.flags = 0
            let right = Self.answer(question, [[Self.record]])
            return [otherID, otherName, noAnswer].map(\.encoded) + [[1, 2, 3], right.encoded]
        }
        defer { server.end() }
        let names = SystemNames(servers: [server.address])
        #expect(try await names.texts(of: "_dnsaddr.example.org") == [Self.record])
    }

    @Test("Of an answer that was cut short, the whole records count")
    func cutShort() async throws {
        let server = try LoopbackNameServer { question in
            var answer = Self.answer(question, [[Self.record], ["lost"]])
            answer.flags |= DNSMessage.truncated
            return [answer.encoded.dropLast(3)]
        }
        defer { server.end() }
        #expect(try await SystemNames(servers: [server.address]).texts(of: "a.example") == [Self.record])
    }

    @Test("A server that fails or is not there makes way for the next, and a name that does not exist for none")
    func nextServer() async throws {
        let failing = try LoopbackNameServer { [Self.answer($0, [], code: 2).encoded] }
        defer { failing.end() }
        let working = try LoopbackNameServer { [Self.answer($0, [[Self.record]]).encoded] }
        defer { working.end() }
        let denying = try LoopbackNameServer { [Self.answer($0, [], code: 3).encoded] }
        defer { denying.end() }
        let gone = try UDPSocket(bindingTo: SocketAddress(ipv4: (127, 0, 0, 1), port: 0))
        gone.close()
        let names = SystemNames(servers: [gone.localAddress, failing.address, working.address])
        #expect(try await names.texts(of: "a.example") == [Self.record])
        #expect(failing.questionCount == 1)
        let error = await #expect(throws: LibP2PError.self) {
            try await SystemNames(servers: [denying.address, working.address]).texts(of: "a.example")
        }
        #expect(error?.code == .noAddress)
        #expect(working.questionCount == 1)
        let last = await #expect(throws: LibP2PError.self) {
            try await SystemNames(servers: [gone.localAddress, failing.address]).texts(of: "a.example")
        }
        #expect(last?.code == .systemFailed)
    }

    @Test("A server that is silent makes way for the next")
    func silent() async throws {
        let silent = try LoopbackNameServer { _ in [] }
        defer { silent.end() }
        let working = try LoopbackNameServer { [Self.answer($0, [[Self.record]]).encoded] }
        defer { working.end() }
        var names = SystemNames(servers: [silent.address, working.address])
        names.patience = .milliseconds(20)
        #expect(try await names.texts(of: "a.example") == [Self.record])
    }

    @Test("The addresses of a host come from the system")
    func hosts() async throws {
        let names = SystemNames()
        #expect(try await names.addresses(of: "localhost", family: .ipv4).map(\.bytes) == [[127, 0, 0, 1]])
        let resolver = AddressResolver()
        let found = try await resolver.resolve(Multiaddress("/dns4/localhost/udp/4001/quic-v1"))
        #expect(found.map(\.description) == ["/ip4/127.0.0.1/udp/4001/quic-v1"])
        let error = await #expect(throws: LibP2PError.self) {
            try await names.texts(of: String(repeating: "a", count: 300))
        }
        #expect(error?.code == .noAddress)
    }
}
