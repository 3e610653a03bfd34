internal import Testing

@testable import QlogReport

@Suite struct QlogReaderTests {
    @Test("A sequence of records becomes columns, with times in microseconds")
    func sequence() throws {
        let trace = try Sample.trace(Sample.sequence)
        #expect(trace.description.vantage == "client")
        #expect(trace.description.group == "aabb")
        #expect(trace.packets.times == [0, 1_000, 2_500, 40_000])
        #expect(trace.packets.isSent == [true, true, true, false])
        #expect(trace.packets.numbers == [0, 1, 2, 7])
        #expect(trace.packets.sizes == [1_040, 540, 40, 50])
        #expect(trace.end == 50_000)
        #expect(trace.notes.isEmpty)
    }

    @Test("The same records without separators, with empty lines and carriage returns, are the same trace")
    func lines() throws {
        let plain = Sample.sequence.filter { $0 != "\u{1e}" }.split(separator: "\n").joined(separator: "\r\n\r\n")
        let trace = try Sample.trace("\u{feff}" + plain)
        #expect(trace.packets.times == [0, 1_000, 2_500, 40_000])
        #expect(trace.notes.isEmpty)
    }

    @Test("A document with absolute times starts at zero, and knows its vantage point though it comes last")
    func document() throws {
        let trace = try Sample.trace(Sample.document)
        #expect(trace.packets.times == [0, 10_000])
        #expect(trace.series[0].times == [750])
        #expect(trace.series[0].values == [14_000])
        #expect(
            trace.marks.map(\.text) == ["handshake confirmed", "closed by the client: application error 0x7 “done”"])
        #expect(trace.description.started == 1_795_264_980_389.5)
    }

    @Test("Times that are distances are added up")
    func distances() throws {
        let trace = try Sample.trace(
            #"{"qlog_version":"0.3","trace":{"common_fields":{"time_format":"delta"}}}"# + "\n"
                + [Sample.packet(0, at: 5), Sample.packet(1, at: 7), Sample.packet(2, at: 0)].joined(separator: "\n"))
        #expect(trace.packets.times == [5_000, 12_000, 12_000])
    }

    @Test("A trace whose last record is cut off is shown up to there, with a note", arguments: [1, 20, 60, 90])
    func cutOff(_ missing: Int) throws {
        let trace = try Sample.trace(String(Sample.sequence.dropLast(missing + 1)))
        #expect(trace.packets.count == 4)
        #expect(trace.notes == ["the last record is cut off: what is shown ends before it"])
    }

    @Test("A document that is cut off is shown up to there, with a note")
    func cutOffDocument() throws {
        let end = try #require(
            Sample.document.firstRange(of: #"{"data": {"frames": [{"frame_type": "connection_close""#))
        let trace = try Sample.trace(String(Sample.document[..<end.lowerBound]) + #"{"data": {"#)
        #expect(trace.packets.count == 1)
        #expect(trace.notes == ["the document is cut off: what is shown ends there"])
    }

    @Test("A broken line is named with its place")
    func broken() {
        let text = Sample.lines(Sample.packet(0, at: 1), #"{"time":2,"name":}"#, Sample.packet(1, at: 3))
        #expect(throws: QlogError("line 3 is no JSON: a value was expected, not \"}\" (column 18)")) {
            try Sample.trace(text)
        }
    }

    @Test("Two records on a line are refused, because the first may be the half of one")
    func twoOnALine() {
        #expect(
            throws: QlogError("line 2 is no JSON: the end of the line was expected, not \"{\" (column 134)")
        ) {
            try Sample.trace(Sample.lines(Sample.packet(0, at: 1) + Sample.packet(1, at: 3)))
        }
    }

    @Test("Files without events are told from traces", arguments: ["{}", "[]", "{\"traces\":[]}", "\n\n", "\u{1e}"])
    func withoutEvents(_ text: String) {
        let error = #expect(throws: QlogError.self) { try Sample.trace(text) }
        #expect(error?.description.hasPrefix("there is no qlog event in it") == true)
    }

    @Test("An empty file is called empty")
    func empty() {
        #expect(throws: QlogError("the file is empty")) { try QlogReader.read([]) }
    }

    @Test("A second header in a file starts a second trace")
    func twoTraces() throws {
        let one = Sample.lines(Sample.packet(0, at: 1))
        let traces = try QlogReader.read(Array("\(one)\n\(one)\n".utf8))
        #expect(traces.map(\.packets.count) == [1, 1])
    }

    @Test("Records that are no events are counted, and nothing else happens")
    func unknown() throws {
        let trace = try Sample.trace(Sample.lines("[1]", "{\"time\":\"x\",\"name\":7}", Sample.packet(0, at: 1)))
        #expect(trace.notes == ["2 records are no events of qlog and were left out"])
    }
}
