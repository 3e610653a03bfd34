internal import Testing

@testable import QlogReport

@Suite struct QlogPageTests {
    private static let evil = #"</script><img src=x onerror=alert(1)><!--"#

    @Test("Nothing in a trace or a title becomes markup")
    func markup() throws {
        let escaped = Self.evil.map { $0 == "/" ? #"\/"# : String($0) }.joined()
        let trace = try Sample.trace(
            #"{"qlog_version":"\#(escaped)","title":"\#(escaped)","trace":{"vantage_point":{"type":"\#(escaped)"},"#
                + #""common_fields":{"group_id":"\#(escaped)"}}}"# + "\n"
                + [
                    Sample.packet(0, at: 0, #"{"frame_type":"connection_close","reason":"\#(escaped)"}"#),
                    #"{"time":1,"name":"transport:parameters_set","data":{"owner":"local","\#(escaped)":"\#(escaped)"}}"#,
                ].joined(separator: "\n"))
        let page = QlogPage.html([trace], title: Self.evil)
        let plain = QlogPage.html([try Sample.trace(Sample.sequence)], title: "plain")
        for sign in ["</script", "<img", "<!--", "<script"] {
            #expect(page.components(of: sign) == plain.components(of: sign), "\(sign)")
        }
        #expect(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"))
    }

    @Test("The page asks for nothing, and forbids itself to")
    func closed() throws {
        let page = QlogPage.html([try Sample.trace(Sample.sequence)], title: "a")
        #expect(
            page.contains("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"))
        for word in ["http:", "https:", "@import", "url(", " src=", "fetch(", "innerHTML", "insertAdjacentHTML"] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test("The data hold the traces as JSON")
    func data() throws {
        let bytes = Array(PageData([try Sample.trace(Sample.sequence)], title: "a \"title\"").json.utf8)
        var tape = JSONTape()
        #expect(try tape.read(bytes, from: 0) == bytes.count)
        let root = tape.root(of: bytes)
        #expect(root["title"].text == "a \"title\"")
        let packets = root["traces"].elements[0]["packets"]
        #expect(packets["times"].elements.map(\.count) == [0, 1_000, 1_500, 37_500])
        #expect(packets["kinds"].elements.map(\.count) == [27, 29, 27, 24])
        #expect(root["kinds"].elements.count == FrameKind.allCases.count)
    }

    @Test("Stateless reset tokens stay out of the page")
    func tokens() throws {
        let trace = try Sample.trace(
            Sample.lines(
                #"{"time":0,"name":"transport:parameters_set","data":{"owner":"local","max_ack_delay":25,"#
                    + #""stateless_reset_token":"b2a28c90"}}"#, Sample.packet(0, at: 1)))
        #expect(trace.description.parameters.map(\.name) == ["max_ack_delay"])
        #expect(!QlogPage.html([trace], title: "a").contains("b2a28c90"))
    }

    @Test("Numbers are written as people read them")
    func quantities() {
        #expect(Quantity.bytes(999) == "999 B")
        #expect(Quantity.bytes(1_250) == "1.25 kB")
        #expect(Quantity.bytes(20_000_000) == "20.0 MB")
        #expect(Quantity.grouped(1_234_567) == "1,234,567")
        #expect(Quantity.grouped(-100) == "-100")
        #expect(Quantity.decimal(1_234.05, 2) == "1,234.05")
        #expect(Quantity.decimal(-0.5, 1) == "-0.5")
        #expect(Quantity.time(0.0125) == "12.5 ms")
        #expect(Moment.text(1_795_264_980_389.5) == "2026-11-21 12:43:00 UTC")
        #expect(Moment.text(951_782_400_000) == "2000-02-29 00:00:00 UTC")
        #expect(Moment.text(0) == "1970-01-01 00:00:00 UTC")
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
