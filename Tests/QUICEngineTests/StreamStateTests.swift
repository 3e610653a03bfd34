import Testing

@testable import QUICEngine

@Suite("Stream states")
struct StreamStateTests {
    static let sendStates: [SendState] = [.ready, .send, .dataSent, .dataReceived, .resetSent, .resetReceived, .absent]

    /// What each step makes of each state, in the order of `sendStates`; nil where it is refused.
    static let sendSteps: [(name: String, step: @Sendable (inout SendState) -> Bool, results: [SendState?])] = [
        ("write", { $0.write() }, [.send, .send, nil, nil, nil, nil, nil]),
        ("commit the FIN", { $0.commitFIN() }, [.dataSent, .dataSent, nil, nil, nil, nil, nil]),
        ("acknowledge all", { $0.acknowledgeAll() }, [nil, nil, .dataReceived, nil, nil, nil, nil]),
        ("reset", { $0.reset() }, [.resetSent, .resetSent, .resetSent, nil, nil, nil, nil]),
        ("acknowledge the reset", { $0.acknowledgeReset() }, [nil, nil, nil, nil, .resetReceived, nil, nil]),
    ]

    @Test("every step of the sending part is legal or refused as the table says, and a refused one changes nothing")
    func sending() {
        for (name, step, results) in Self.sendSteps {
            for (before, expected) in zip(Self.sendStates, results) {
                var state = before
                #expect(step(&state) == (expected != nil), "\(name) in \(before)")
                #expect(state == expected ?? before, "\(name) in \(before)")
            }
        }
    }

    static let receiveStates: [ReceiveState] = [
        .receive, .dataReceived, .dataRead, .resetReceived(code: 5), .resetRead(code: 5), .absent,
    ]

    static let receiveSteps: [(name: String, step: @Sendable (inout ReceiveState) -> Bool, results: [ReceiveState?])] =
        [
            ("receive the FIN", { $0.receiveFIN() }, [.dataReceived, nil, nil, nil, nil, nil]),
            (
                "receive a reset", { $0.receiveReset(code: 9) },
                [.resetReceived(code: 9), .resetReceived(code: 9), nil, nil, nil, nil]
            ),
            ("finish reading", { $0.finishReading() }, [nil, .dataRead, nil, .resetRead(code: 5), nil, nil]),
        ]

    @Test("every step of the receiving part is legal or refused as the table says, and a refused one changes nothing")
    func receiving() {
        for (name, step, results) in Self.receiveSteps {
            for (before, expected) in zip(Self.receiveStates, results) {
                var state = before
                #expect(step(&state) == (expected != nil), "\(name) in \(before)")
                #expect(state == expected ?? before, "\(name) in \(before)")
            }
        }
    }

    @Test("each state of the sending part says whether it can write, was reset, or is final")
    func sendQuestions() {
        #expect(Self.sendStates.filter(\.canWrite) == [.ready, .send])
        #expect(Self.sendStates.filter(\.isReset) == [.resetSent, .resetReceived])
        #expect(Self.sendStates.filter(\.isFinal) == [.dataReceived, .resetReceived, .absent])
    }

    @Test("each state of the receiving part says whether it can receive, how it was reset, or is final")
    func receiveQuestions() {
        #expect(Self.receiveStates.filter(\.canReceive) == [.receive])
        #expect(Self.receiveStates.filter(\.isFinal) == [.dataRead, .resetRead(code: 5), .absent])
        #expect(Self.receiveStates.map(\.resetCode) == [nil, nil, nil, 5, 5, nil])
    }

    @Test("an entry has the directions that its ID and its opener give it")
    func directions() {
        let cases: [(id: Int64, isLocal: Bool, sends: Bool, receives: Bool)] = [
            (0, true, true, true), (0, false, true, true), (2, true, true, false), (2, false, false, true),
        ]
        for (id, isLocal, sends, receives) in cases {
            let entry = StreamEntry(id: StreamID(id), isLocal: isLocal)
            #expect((entry.sending != .absent) == sends, "stream \(id), local \(isLocal)")
            #expect((entry.receiving != .absent) == receives, "stream \(id), local \(isLocal)")
            #expect(!entry.isDone)
        }
    }

    @Test("an entry has something to send while bytes or a FIN wait, and not after its reset")
    func somethingToSend() {
        let pool = ChunkPool()
        let entry = StreamEntry(id: StreamID(0), isLocal: true)
        #expect(!entry.hasSomethingToSend)
        entry.sendQueue.append(([1, 2, 3] as [UInt8]).span.bytes, from: pool)
        #expect(entry.hasSomethingToSend)
        entry.sendQueue.commit(3)
        #expect(!entry.hasSomethingToSend)
        entry.wantsFIN = true
        #expect(entry.hasSomethingToSend)
        entry.isFINCommitted = true
        #expect(!entry.hasSomethingToSend)
        entry.isFINCommitted = false
        #expect(entry.sending.reset() == true)
        #expect(!entry.hasSomethingToSend)
        entry.sendQueue.removeAll(to: pool)
    }

    @Test("an entry is done when reading is final and the other direction is final or gone from the library")
    func done() {
        let entry = StreamEntry(id: StreamID(1), isLocal: false)
        #expect(entry.receiving.receiveFIN() == true)
        #expect(entry.receiving.finishReading() == true)
        #expect(!entry.isDone)
        #expect(entry.sending.commitFIN() == true)
        #expect(!entry.isDone)
        #expect(entry.sending.acknowledgeAll() == true)
        #expect(entry.isDone)

        let closed = StreamEntry(id: StreamID(4), isLocal: true)
        closed.isClosedByTransport = true
        #expect(!closed.isDone)
        #expect(closed.receiving.receiveReset(code: 1) == true)
        #expect(closed.receiving.finishReading() == true)
        #expect(closed.isDone)
    }
}
