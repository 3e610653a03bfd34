import Testing

@testable import QUICEngine

@Suite("Stream IDs and priorities")
struct StreamIDTests {
    @Test(
        "the two low bits say who opened the stream and which ways it goes",
        arguments: [
            (0, true, false), (1, true, true), (2, false, false), (3, false, true), (4, true, false), (7, false, true),
        ] as [(Int64, Bool, Bool)])
    func bits(number: Int64, isBidirectional: Bool, isInitiatedByServer: Bool) {
        let id = StreamID(number)
        #expect(id.isBidirectional == isBidirectional)
        #expect(id.isInitiatedByServer == isInitiatedByServer)
        #expect(id.rawValue == number)
    }

    @Test("IDs are ordered by number and read as their number")
    func order() {
        let ids = [8, 1, 4, 2].map { StreamID($0) }
        #expect(ids.sorted().map(\.rawValue) == [1, 2, 4, 8])
        #expect(StreamID(12).description == "12")
        #expect(Set([StreamID(4), StreamID(4), StreamID(8)]).count == 2)
    }

    @Test(
        "an urgency outside 0…7 is brought inside",
        arguments: [(-1, 0), (0, 0), (3, 3), (7, 7), (8, 7), (.max, 7), (.min, 0)])
    func clamps(given: Int, kept: Int) {
        #expect(StreamPriority(urgency: given).urgency == kept)
    }

    @Test("the normal priority is urgency 3, shared packet by packet")
    func normal() {
        #expect(StreamPriority.normal == StreamPriority(urgency: 3, isIncremental: true))
        #expect(StreamPriority.normal != StreamPriority(urgency: 3, isIncremental: false))
    }
}
