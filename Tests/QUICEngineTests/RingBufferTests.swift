import Testing

@testable import QUICEngine

@Suite("Ring buffer")
struct RingBufferTests {
    @Test("hands elements out in the order in which they came, while growing and wrapping around")
    func keepsOrder() {
        var buffer = RingBuffer<Int>()
        var model: [Int] = []
        for step in 0..<200 {
            buffer.append(step)
            model.append(step)
            // Two in, one out: the head moves while the buffer grows.
            if step.isMultiple(of: 2) { #expect(buffer.popFirst() == model.removeFirst()) }
            #expect(buffer.count == model.count)
            #expect(buffer.first == model.first)
            #expect(buffer.last == model.last)
        }
        while let expected = model.first {
            #expect(buffer.popFirst() == expected)
            model.removeFirst()
        }
        #expect(buffer.isEmpty)
    }

    @Test("an empty buffer has no first, no last and nothing to pop")
    func empty() {
        var buffer = RingBuffer<Int>()
        #expect(buffer.isEmpty)
        #expect(buffer.first == nil)
        #expect(buffer.last == nil)
        #expect(buffer.popFirst() == nil)
        #expect(buffer[0] == nil)
    }

    @Test("an index counts from the first element, and there is nothing outside")
    func indexing() {
        var buffer = RingBuffer<Int>()
        for value in 0..<6 { buffer.append(value) }
        buffer.popFirst()
        buffer.popFirst()
        for value in 6..<9 { buffer.append(value) }
        #expect((0..<7).map { buffer[$0] } == [2, 3, 4, 5, 6, 7, 8])
        #expect(buffer[7] == nil)
        #expect(buffer[-1] == nil)
    }

    @Test("emptied, it keeps room for 512 and no more, and goes on")
    func givesRoomBack() {
        var buffer = RingBuffer<Int>()
        for round in 0..<3 {
            for value in 0..<500 { buffer.append(value) }
            while buffer.popFirst() != nil {}
            #expect(buffer.slots.count == 512)
            for value in 0..<5_000 { buffer.append(value + round) }
            for value in 0..<5_000 { #expect(buffer.popFirst() == value + round) }
            #expect(buffer.slots.isEmpty)
        }
    }

    @Test("takes one element out of the middle and leaves the others in order")
    func removesFromTheMiddle() {
        var buffer = RingBuffer<Int>()
        for value in 0..<4 { buffer.append(value) }
        buffer.popFirst()
        for value in [4, 2, 5] { buffer.append(value) }
        let removed = buffer.removeFirst { $0 == 2 }
        #expect(removed == 2)
        #expect((0..<buffer.count).map { buffer[$0] } == [1, 3, 4, 2, 5])
        let missing = buffer.removeFirst { $0 == 9 }
        #expect(missing == nil)
        #expect((0..<buffer.count).map { buffer[$0] } == [1, 3, 4, 2, 5])
    }

    @Test("lets go of an element when it is popped, and of all when it is emptied")
    func releases() {
        final class Token {}
        var buffer = RingBuffer<Token>()
        weak var first: Token?
        weak var second: Token?
        do {
            let one = Token()
            let two = Token()
            first = one
            second = two
            buffer.append(one)
            buffer.append(two)
        }
        buffer.popFirst()
        #expect(first == nil)
        #expect(second != nil)
        buffer.removeAll()
        #expect(second == nil)
        #expect(buffer.isEmpty)
        buffer.append(Token())
        #expect(buffer.count == 1)
    }
}
