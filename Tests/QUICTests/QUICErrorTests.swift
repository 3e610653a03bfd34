import QUIC
import QUICEngine
import Testing

@Suite("QUICError")
struct QUICErrorTests {
    @Test("an engine's refusal keeps its message and says that the connection lives")
    func refusal() {
        let error = QUICError(EngineError(.streamLimitReached, "wait for streamsAvailable"))
        #expect(error.code == .limitReached)
        #expect(error.closedBy == nil)
        #expect(error.reason == "wait for streamsAvailable")
        #expect("\(error)" == "limitReached: wait for streamsAvailable")
    }

    @Test(
        "refusals are sorted into few kinds",
        arguments: [
            (EngineError.Code.invalidCredentials, QUICError.Code.invalidConfiguration),
            (.unsupportedByLibrary, .invalidConfiguration),
            (.queueFull, .limitReached), (.datagramNotPossible, .limitReached), (.streamStopped, .streamEnded),
            (.streamNotFound, .streamEnded), (.migrationNotPossible, .refused), (.codeOutOfRange, .refused),
        ])
    func kinds(engine: EngineError.Code, kind: QUICError.Code) {
        #expect(QUICError(EngineError(engine, "")).code == kind)
    }
}
