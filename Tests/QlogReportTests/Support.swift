@testable import QlogReport

/// Traces as other programs write them, shortened.
enum Sample {
    /// One record a line, each behind a record separator: a client that sends three packets, one of which is lost.
    static let sequence = [
        #"{"qlog_format":"JSON-SEQ","qlog_version":"0.3","trace":{"vantage_point":{"name":"one","type":"client"},"#
            + #""common_fields":{"time_format":"relative","reference_time":0,"group_id":"aabb"}}}"#,
        #"{"time":0,"name":"transport:packet_sent","data":{"frames":[{"frame_type":"stream","stream_id":0,"#
            + #""offset":0,"length":1000}],"header":{"packet_type":"1RTT","packet_number":0},"raw":{"length":1040}}}"#,
        #"{"time":1,"name":"transport:packet_sent","data":{"frames":[{"frame_type":"stream","stream_id":0,"#
            + #""offset":1000,"length":500,"fin":true}],"header":{"packet_type":"1RTT","packet_number":1},"#
            + #""raw":{"length":540}}}"#,
        #"{"time":2.5,"name":"transport:packet_sent","data":{"frames":[{"frame_type":"ping"}],"#
            + #""header":{"packet_type":"1RTT","packet_number":2},"raw":{"length":40}}}"#,
        #"{"time":40,"name":"transport:packet_received","data":{"frames":[{"frame_type":"ack","ack_delay":1,"#
            + #""acked_ranges":[[2],[0]]}],"header":{"packet_type":"1RTT","packet_number":7},"raw":{"length":50}}}"#,
        #"{"time":40,"name":"recovery:metrics_updated","data":{"min_rtt":37,"smoothed_rtt":38.5,"latest_rtt":40,"#
            + #""congestion_window":12000,"bytes_in_flight":540}}"#,
        #"{"time":50,"name":"recovery:packet_lost","data":{"header":{"packet_type":"1RTT","packet_number":1}}}"#,
    ].map { "\u{1e}\($0)\n" }.joined()

    /// One document, absolute times, and the vantage point behind the events.
    static let document = #"""
        {"qlog_format": "JSON", "qlog_version": "0.3", "traces": [{"common_fields": {"ODCID": "aabb"}, "events": [
        {"data": {"frames": [{"frame_type": "handshake_done"}], "header": {"packet_number": 0,
        "packet_type": "1RTT"}, "raw": {"length": 30}}, "name": "transport:packet_sent", "time": 1795264980389.5},
        {"data": {"cwnd": 14000, "bytes_in_flight": 30}, "name": "recovery:metrics_updated", "time": 1795264980390.25},
        {"data": {"frames": [{"frame_type": "connection_close", "error_space": "application", "error_code": 7,
        "raw_error_code": 7, "reason": "done"}], "header": {"packet_number": 3, "packet_type": "1RTT"},
        "raw": {"length": 33}}, "name": "transport:packet_received", "time": 1795264980399.5}],
        "vantage_point": {"name": "two", "type": "server"}}]}
        """#

    static func trace(_ text: String) throws -> QlogTrace {
        let traces = try QlogReader.read(Array(text.utf8))
        guard let first = traces.first else { throw QlogError("no trace") }
        return first
    }

    /// A client's header and records.
    static func lines(_ records: String...) -> String { self.text("client", records) }

    /// One end's header and records.
    static func end(_ vantage: String, _ records: String...) -> String { self.text(vantage, records) }

    private static func text(_ vantage: String, _ records: [String]) -> String {
        let header =
            #"{"qlog_version":"0.3","trace":{"vantage_point":{"type":"\#(vantage)"},"common_fields":{"group_id":"g"}}}"#
        return ([header] + records).joined(separator: "\n")
    }

    /// A packet with these frames, as a record.
    static func packet(_ number: Int, at time: Int, isSent: Bool = true, _ frames: String = "") -> String {
        #"{"time":\#(time),"name":"transport:packet_\#(isSent ? "sent" : "received")","data":{"header":"#
            + #"{"packet_type":"1RTT","packet_number":\#(number)},"raw":{"length":100},"frames":[\#(frames)]}}"#
    }
}
