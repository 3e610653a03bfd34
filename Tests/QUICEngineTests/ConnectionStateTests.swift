import Testing

@testable import QUICEngine

@Suite("Connection state")
struct ConnectionStateTests {
    enum Step: CaseIterable { case complete, confirm, close, drain, end, packet }

    /// What a step makes of a phase; a pair that is missing is impossible and changes nothing.
    static let table: [ConnectionPhase: [Step: ConnectionPhase]] = [
        .handshaking: [.complete: .connected, .close: .closing, .drain: .draining, .end: .closed],
        .connected: [.confirm: .confirmed, .close: .closing, .drain: .draining, .end: .closed],
        .confirmed: [.close: .closing, .drain: .draining, .end: .closed],
        .closing: [.end: .closed, .packet: .closing],
        .draining: [.end: .closed],
        .closed: [:],
    ]

    static let phases: [ConnectionPhase] = [.handshaking, .connected, .confirmed, .closing, .draining, .closed]

    /// Steps that lead to each phase from the beginning.
    static func route(to phase: ConnectionPhase) -> [Step] {
        switch phase {
        case .handshaking: []
        case .connected: [.complete]
        case .confirmed: [.complete, .confirm]
        case .closing: [.complete, .close]
        case .draining: [.complete, .drain]
        case .closed: [.end]
        }
    }

    static func take(_ step: Step, _ state: inout ConnectionState) -> Bool {
        switch step {
        case .complete: state.completeHandshake()
        case .confirm: state.confirmHandshake()
        case .close: state.startClosing(until: 70)
        case .drain: state.startDraining(until: 90)
        case .end: state.close()
        case .packet: state.receivePacketWhileClosing()
        }
    }

    @Test(
        "each step leads where the table says, and an impossible one changes nothing", arguments: phases, Step.allCases)
    func table(phase: ConnectionPhase, step: Step) {
        var state = ConnectionState()
        for step in Self.route(to: phase) { _ = Self.take(step, &state) }
        #expect(state.phase == phase)
        let before = state.deadline
        let next = Self.table[phase]?[step]
        let isTaken = Self.take(step, &state)
        #expect(isTaken == (next != nil))
        #expect(state.phase == next ?? phase)
        if next == nil { #expect(state.deadline == before) }
    }

    @Test("only closing and draining have a deadline, the one they were given")
    func deadlines() {
        for phase in Self.phases {
            var state = ConnectionState()
            for step in Self.route(to: phase) { _ = Self.take(step, &state) }
            let expected: UInt64? = phase == .closing ? 70 : phase == .draining ? 90 : nil
            #expect(state.deadline == expected, "\(phase)")
        }
    }

    @Test("closing and draining can be reached from each open phase", arguments: [Step.close, .drain, .end])
    func endsFromAnywhere(step: Step) {
        for phase in Self.phases where phase.isOpen {
            var state = ConnectionState()
            for step in Self.route(to: phase) { _ = Self.take(step, &state) }
            let isTaken = Self.take(step, &state)
            #expect(isTaken, "\(phase)")
            #expect(!state.phase.isOpen)
        }
    }

    @Test("closing answers the 1st, 2nd, 4th, 8th, 16th … packet and no other")
    func backOff() {
        var state = ConnectionState()
        _ = state.startClosing(until: 1)
        let answered = (1...1_000).filter { _ in state.receivePacketWhileClosing() }
        #expect(answered == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    }

    @Test("open are the phases before closing")
    func openPhases() {
        #expect(Self.phases.filter(\.isOpen) == [.handshaking, .connected, .confirmed])
    }
}
