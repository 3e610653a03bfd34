import Foundation
import QUICTestSupport
import Testing

@testable import QUICEngine

@Suite("Diagnostics")
struct DiagnosticsTests {
    @Test(
        "qlog is refused where the library's writer overflows, with what to do about it",
        .enabled(if: !EngineLibrary.writesQlogSafely, "this library writes qlog safely"))
    func unsafeQlog() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.diagnostics.qlog = QlogSink()
        let error = #expect(throws: EngineError.self) { try scenario.dial() }
        #expect(error?.code == .unsupportedByLibrary)
        let message = try #require(error?.message)
        #expect(message.contains(EngineLibrary.ngtcp2Version))
        #expect(message.contains("1.22.1"))
        #expect(message.contains("trustsLibrary"))
        scenario.expectNothingLeft()
    }

    @Test(
        "qlog is written where the library's writer is safe",
        .enabled(if: EngineLibrary.writesQlogSafely, "needs ngtcp2 1.22.1 or newer"))
    func safeQlog() throws {
        let scenario = Scenario()
        let sink = QlogSink()
        scenario.clientConfiguration.diagnostics.qlog = sink
        _ = try scenario.connect()
        scenario.expectNothingLeft()
        #expect(!sink.take().isEmpty)
    }

    @Test("a qlog trace is a sequence of JSON texts, each of which parses")
    func qlog() throws {
        let scenario = Scenario()
        let (ours, theirs) = (QlogSink(trustsLibrary: true), QlogSink(trustsLibrary: true))
        scenario.clientConfiguration.diagnostics.qlog = ours
        scenario.serverConfiguration { $0.diagnostics.qlog = theirs }
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(10_000))
        #expect(scenario.run { server.ended.count == 1 })
        scenario.expectNothingLeft()
        for sink in [ours, theirs] {
            #expect(sink.dropped == 0)
            let trace = sink.take()
            // RFC 7464: each record begins with RS and ends with LF. 0.12 writes one JSON text.
            let records = trace.first == 0x1e ? trace.split(separator: 0x1e) : [trace[...]]
            if trace.first == 0x1e { #expect(records.count > 10) }
            for record in records {
                #expect(throws: Never.self, "\(String(decoding: record, as: UTF8.self))") {
                    try JSONSerialization.jsonObject(with: Data(record))
                }
            }
            #expect(String(decoding: trace, as: UTF8.self).contains("packet_sent"))
            #expect(sink.take().isEmpty)
        }
    }

    @Test("a full sink keeps what it has, counts the rest, and does not go on after a gap")
    func fullSink() throws {
        let scenario = Scenario()
        let sink = QlogSink(capacity: 3_000, trustsLibrary: true)
        scenario.clientConfiguration.diagnostics.qlog = sink
        let (client, server) = try scenario.connect()
        try client.open(sending: pattern(20_000))
        #expect(scenario.run { server.ended.count == 1 })
        let kept = sink.take()
        #expect(kept.count <= 3_000)
        #expect(!kept.isEmpty)
        #expect(sink.dropped > 1_000)
        let dropped = sink.dropped
        try client.open(sending: pattern(1_000))
        scenario.run(.seconds(1))
        #expect(sink.take().isEmpty)
        #expect(sink.dropped > dropped)
        scenario.expectNothingLeft()
        #expect(QlogSink(capacity: -1).capacity == 0)
    }

    @Test("the debug log comes as events, and no more lines wait than the configuration allows")
    func log() throws {
        let scenario = Scenario()
        scenario.clientConfiguration.diagnostics.logsPackets = true
        scenario.clientConfiguration.diagnostics.logLineLimit = 5
        let (client, server) = try scenario.connect()
        func lines(_ events: [ConnectionEvent]) -> Int {
            events.filter { if case .log(let line) = $0 { !line.isEmpty } else { false } }.count
        }
        #expect(lines(client.events) > 5)
        #expect(lines(server.events) == 0)
        scenario.run(.seconds(1))
        try client.withEngine { engine in
            _ = engine.drainEvents()
            let id = try engine.openStream(.bidirectional)
            try engine.write(pattern(20_000).span.bytes, to: id)
            _ = engine.takeDatagrams(now: scenario.now)
            #expect(lines(engine.drainEvents()) == 5)
            // Drained: there is room again.
            let later = scenario.now.advanced(by: .seconds(1))
            engine.handleTimeout(now: later)
            _ = engine.takeDatagrams(now: later)
            #expect(lines(engine.drainEvents()) > 0)
        }
        scenario.expectNothingLeft()
    }

    @Test("nothing is logged where nobody asked")
    func silent() throws {
        let scenario = Scenario()
        let (client, _) = try scenario.connect()
        #expect(!client.events.contains { if case .log = $0 { true } else { false } })
        scenario.expectNothingLeft()
    }

    @Test("random numbers of a seed repeat, those of the system do not")
    func randomness() {
        let (one, other) = (SeededRandomness(seed: 1), SeededRandomness(seed: 1))
        #expect((0..<100).map { _ in one.next() } == (0..<100).map { _ in other.next() })
        let system = SystemRandomness()
        #expect(Set((0..<100).map { _ in system.next() }).count == 100)
        #expect(SeededRandomness(seed: 2).bytes(33).count == 33)
    }
}
