internal import Testing

@testable import QlogReport

@Suite struct QlogTraceTests {
    @Test("Packets are acknowledged or lost, and it is known how long that took")
    func fates() throws {
        let trace = try Sample.trace(Sample.sequence)
        #expect(trace.packets.fates == [.acknowledged, .lost, .acknowledged, .open])
        #expect(trace.packets.settled == [40_000, 49_000, 37_500, -1])
    }

    @Test("A packet that is acknowledged after it was declared lost was lost wrongly")
    func spurious() throws {
        let trace = try Sample.trace(
            Sample.lines(
                Sample.packet(4, at: 1),
                #"{"time":9,"name":"recovery:packet_lost","data":{"type":"1RTT","packet_number":4}}"#,
                Sample.packet(0, at: 12, isSent: false, #"{"frame_type":"ack","acked_ranges":[[0,4]]}"#)))
        #expect(trace.packets.fates == [.spurious, .open])
        #expect(trace.packets.settled.first == 8_000)
        #expect(TraceSummary(trace).packetsLostWrongly == 1)
    }

    @Test("Ranges are kept as the wire has them, in whichever order the trace lists them")
    func ranges() throws {
        let listed = [#"[[20,30],[10,15],[3,3]]"#, #"[[3],[10,15],[20,30]]"#]
        for ranges in listed {
            let frame = #"{"frame_type":"ack","ack_delay":0.25,"acked_ranges":\#(ranges)}"#
            let trace = try Sample.trace(Sample.lines(Sample.packet(0, at: 0, isSent: false, frame)))
            #expect(trace.packets.frames == [FrameKind.ack.rawValue, 7, 250, 30, 10, 5, 5, 7, 0])
        }
    }

    @Test("A frame that nobody knows is kept as one")
    func unknownFrame() throws {
        let trace = try Sample.trace(
            Sample.lines(Sample.packet(0, at: 0, #"{"frame_type":"unknown","frame_type_value":123},{"a":1}"#)))
        #expect(trace.packets.frames == [FrameKind.other.rawValue, 1, 123, FrameKind.other.rawValue, 1, -1])
        #expect(trace.packets.frameCounts == [2])
    }

    @Test("The guess before the first round trip was measured is not shown as one")
    func guess() throws {
        let trace = try Sample.trace(
            Sample.lines(
                #"{"time":0,"name":"recovery:metrics_updated","data":{"smoothed_rtt":333,"latest_rtt":0}}"#,
                #"{"time":9,"name":"recovery:metrics_updated","data":{"smoothed_rtt":8.5,"latest_rtt":9}}"#))
        #expect(trace.series[QlogTrace.Quantity.smoothedRTT.rawValue].values == [8_500])
    }

    @Test("A summary counts bytes of streams once, however often they went")
    func summary() throws {
        let frame = #"{"frame_type":"stream","stream_id":4,"offset":0,"length":1000}"#
        let trace = try Sample.trace(
            Sample.lines(
                Sample.packet(0, at: 0, frame), Sample.packet(1, at: 1, frame),
                Sample.packet(2, at: 8, #"{"frame_type":"stream","stream_id":8,"offset":500,"length":500}"#),
                Sample.packet(9, at: 10, isSent: false, frame)))
        let summary = TraceSummary(trace)
        #expect(summary.streamBytesSent == 2_000)
        #expect(summary.streamBytesReceived == 1_000)
        #expect(summary.streams == 2)
        #expect(summary.goodput == 2_000_000)
        #expect(summary.bytesSent == 300)
        #expect(summary.duration == 0.01)
    }

    @Test("A close names the end that closed")
    func close() throws {
        let frame = #"{"frame_type":"connection_close","error_space":"transport","error_code":0}"#
        #expect(
            TraceSummary(try Sample.trace(Sample.lines(Sample.packet(0, at: 0, frame)))).close
                == "closed by the client without an error")
        #expect(
            TraceSummary(try Sample.trace(Sample.lines(Sample.packet(0, at: 0, isSent: false, frame)))).close
                == "closed by the server without an error")
    }

    @Test("Numbers at the ends of their range trap nothing")
    func extremes() throws {
        let huge = 4_611_686_018_427_387_903
        let trace = try Sample.trace(
            Sample.lines(
                Sample.packet(
                    huge, at: 0, #"{"frame_type":"stream","stream_id":\#(huge),"offset":\#(huge),"length":\#(huge)}"#),
                Sample.packet(
                    huge, at: -5, isSent: false,
                    #"{"frame_type":"ack","ack_delay":1e300,"acked_ranges":[[0,\#(huge)],[9,1],[],["x"]]}"#),
                #"{"time":1e300,"name":"x:packet_sent","data":{"header":7,"raw":{"length":\#(huge)},"frames":{"a":[]}}}"#,
                #"{"time":-1e300,"name":"x:metrics_updated","data":{"cwnd":\#(huge),"latest_rtt":1e300}}"#))
        #expect(trace.packets.fates.first == .acknowledged)
        #expect(trace.packets.times == [0, 0, 1_000_000_000_000_000])
        #expect(!QlogPage.html([trace], title: "x").isEmpty)
    }

    @Test("The ledger visits a packet once, whatever the ranges are")
    func ledger() {
        var ledger = AckLedger()
        for number in 0..<1_000 where number % 7 != 3 { ledger.add(number, packet: number) }
        ledger.add(5, packet: 9_999)
        var visits = [Int](repeating: 0, count: 1_000)
        for end in stride(from: 10, to: 1_200, by: 13) {
            ledger.acknowledge((end / 3)...end) { visits[$0] += 1 }
            ledger.acknowledge(0...(end / 2)) { visits[$0] += 1 }
        }
        #expect(visits.enumerated().allSatisfy { $1 == ($0 % 7 == 3 ? 0 : 1) })
        #expect(ledger.packet(8) == 8)
        #expect(ledger.packet(10) == nil)
    }

    @Test("Traces of both ends share a time axis on which packets arrive after they were sent")
    func alignment() throws {
        // The server's clock starts 30 ms later; the path takes 20 ms each way.
        let client = try Sample.trace(
            Sample.end("client", Sample.packet(0, at: 10), Sample.packet(5, at: 60, isSent: false)))
        let server = try Sample.trace(
            Sample.end("server", Sample.packet(0, at: 0, isSent: false), Sample.packet(5, at: 10)))
        var traces = [server, client]
        TraceAlignment.align(&traces)
        #expect(traces[1].packets.times == [10_000, 60_000])
        #expect(traces[0].packets.times == [30_000, 40_000])
        #expect(TraceSummary(traces[0]).duration == 0.01)
    }
}
