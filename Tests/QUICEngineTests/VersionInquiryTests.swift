import QUICEngine
import Testing

@Suite("The question for versions")
struct VersionInquiryTests {
    private static func inquiry() -> VersionInquiry { VersionInquiry(random: SeededRandomness(seed: 3)) }

    /// What a server that speaks `versions` sends back.
    private static func answer(to inquiry: VersionInquiry, _ versions: [QUICVersion]) -> [UInt8] {
        let header = StatelessPacket.header(of: inquiry.datagram.span.bytes, localIDLength: 8)
        guard case .unknownVersion(let destination, let source)? = header else {
            Issue.record("this is no packet of an unknown version")
            return []
        }
        return StatelessPacket.versionNegotiation(
            destination: destination, source: source, versions: versions, random: SeededRandomness(seed: 4))
    }

    @Test("it is as long as a first packet, and no two are the same")
    func datagram() {
        #expect(Self.inquiry().datagram.count == 1_200)
        let random = SeededRandomness(seed: 5)
        #expect(VersionInquiry(random: random).datagram != VersionInquiry(random: random).datagram)
    }

    @Test("the answer is read, without the versions that the server makes up")
    func answer() {
        let inquiry = Self.inquiry()
        let draft = QUICVersion(0xff00_001d)
        let answer = Self.answer(to: inquiry, [.version2, .version1, draft, .version1])
        #expect(inquiry.versions(in: answer) == [.version2, .version1, draft])
        let empty = Self.answer(to: inquiry, [])
        #expect(inquiry.versions(in: empty) == [])
    }

    @Test("the answer to somebody else's question is none")
    func foreign() {
        let other = VersionInquiry(random: SeededRandomness(seed: 6))
        let answer = Self.answer(to: other, [.version1])
        #expect(Self.inquiry().versions(in: answer) == nil)
    }

    @Test("what is cut off or changed is no answer, wherever that is")
    func damaged() {
        let inquiry = Self.inquiry()
        let answer = Self.answer(to: inquiry, [.version1])
        for count in 0..<answer.count where (answer.count - count) % 4 != 0 {
            #expect(inquiry.versions(in: Array(answer.prefix(count))) == nil, "\(count) bytes")
        }
        // The head: a long header, version 0, both connection IDs.
        for index in 1..<(7 + 8 + 16) {
            var changed = answer
            changed[index] ^= 0x10
            #expect(inquiry.versions(in: changed) == nil, "byte \(index)")
        }
    }
}
