import Testing

@testable import QUICEngine

@Suite("Datagram queue")
struct DatagramQueueTests {
    private func item(_ id: UInt64, _ count: Int) -> DatagramQueue.Item {
        .init(id: id, payload: Array(repeating: UInt8(truncatingIfNeeded: id), count: count))
    }

    @Test("is first in, first out, and knows its bytes")
    func order() {
        var queue = DatagramQueue(countLimit: 10, byteLimit: 1_000)
        for id in 0..<3 { #expect(queue.append(self.item(UInt64(id), 10 + id)) == true) }
        #expect(queue.count == 3)
        #expect(queue.bytes == 33)
        let first = queue.popFirst()
        #expect(first?.id == 0)
        #expect(first?.payload.count == 10)
        #expect(queue.popFirst()?.id == 1)
        #expect(queue.bytes == 12)
        #expect(queue.popFirst()?.id == 2)
        #expect(queue.popFirst() == nil)
        #expect(queue.bytes == 0)
    }

    @Test("refuses the newest above the limit in number, and counts it")
    func countLimit() {
        var queue = DatagramQueue(countLimit: 2, byteLimit: 1_000)
        #expect(queue.append(self.item(0, 1)) == true)
        #expect(queue.append(self.item(1, 1)) == true)
        #expect(queue.append(self.item(2, 1)) == false)
        #expect(queue.dropped == 1)
        #expect(queue.popFirst()?.id == 0)
        #expect(queue.append(self.item(3, 1)) == true)
        #expect(queue.count == 2)
        #expect(queue.dropped == 1)
    }

    @Test("what is put back is the first again, with its bytes")
    func putBack() throws {
        var queue = DatagramQueue(countLimit: 10, byteLimit: 1_000)
        for id in 0..<3 { #expect(queue.append(self.item(UInt64(id), 10 + id)) == true) }
        let first = queue.popFirst()
        queue.putBack(try #require(first))
        #expect(queue.count == 3)
        #expect(queue.bytes == 33)
        #expect((0..<3).map { _ in queue.popFirst()?.id } == [0, 1, 2])
        #expect(queue.bytes == 0)
    }

    @Test("refuses what passes the limit in bytes, and takes what fits it exactly")
    func byteLimit() {
        var queue = DatagramQueue(countLimit: 100, byteLimit: 100)
        #expect(queue.append(self.item(0, 60)) == true)
        #expect(queue.append(self.item(1, 41)) == false)
        #expect(queue.append(self.item(2, 40)) == true)
        #expect(!queue.hasRoom(for: 1))
        #expect(queue.bytes == 100)
        #expect(queue.dropped == 1)
    }

    @Test("negative limits mean none at all")
    func negativeLimits() {
        var queue = DatagramQueue(countLimit: -1, byteLimit: -1)
        #expect(queue.countLimit == 0)
        #expect(queue.byteLimit == 0)
        #expect(queue.append(self.item(0, 1)) == false)
        #expect(queue.dropped == 1)
    }

    @Test("emptied, it takes as much as before")
    func emptied() {
        var queue = DatagramQueue(countLimit: 1, byteLimit: 10)
        #expect(queue.append(self.item(0, 10)) == true)
        queue.removeAll()
        #expect(queue.count == 0)
        #expect(queue.bytes == 0)
        #expect(queue.append(self.item(1, 10)) == true)
    }
}
