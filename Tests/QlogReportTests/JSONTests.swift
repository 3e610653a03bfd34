internal import Testing

@testable import QlogReport

@Suite struct JSONTests {
    private func root(_ text: String) throws -> JSONValue {
        let bytes = Array(text.utf8)
        var tape = JSONTape()
        #expect(try tape.read(bytes, from: 0) == bytes.count)
        return tape.root(of: bytes)
    }

    @Test("Members are found behind nested ones, and what is not there is nothing")
    func members() throws {
        let value = try self.root(#"{"a":{"b":[1,{"c":2}]},"b":"two","d":true}"#)
        #expect(value["b"].text == "two")
        #expect(value["a"]["b"].elements.count == 2)
        #expect(value["a"]["b"].elements[1]["c"].count == 2)
        #expect(value["d"].isTrue)
        #expect(!value["c"].exists)
        #expect(value["c"]["d"].text == nil)
        #expect(value["b"]["d"].elements.isEmpty)
    }

    @Test(
        "Numbers are read as they are written",
        arguments: [
            ("0", 0.0), ("-1.5", -1.5), ("12e2", 1200), ("1.25e-2", 0.0125),
            ("1795264980389.9365", 1_795_264_980_389.9365),
        ])
    func numbers(_ text: String, _ expected: Double) throws {
        let number = try #require(try self.root(text).number)
        #expect(abs(number - expected) <= abs(expected) * 1e-15)
    }

    @Test("A count is whole, not negative and fits a variable-length integer, also in quotes")
    func counts() throws {
        #expect(try self.root("4611686018427387903").count == 4_611_686_018_427_387_903)
        #expect(try self.root("\"17\"").count == 17)
        #expect(try self.root("12.0").count == 12)
        for text in ["-1", "1.5", "4611686018427387904", "99999999999999999999", "\"x\"", "\"\"", "null", "1e300"] {
            #expect(try self.root(text).count == nil, "\(text)")
        }
    }

    @Test("Escapes become the characters that they stand for")
    func escapes() throws {
        #expect(try self.root(#""a\n\"\\\/\u00e9\ud83d\ude00""#).text == "a\n\"\\/é😀")
        #expect(try self.root(#""\ud83d""#).text == "\u{fffd}")
        #expect(try self.root("\"" + String(repeating: "x", count: 900) + "\"").text(limit: 10) == "xxxxxxxxxx…")
    }

    @Test(
        "What is no JSON is refused where it stops to be",
        arguments: [
            ("{\"a\":}", 5), ("{\"a\" 1}", 5), ("[1 2]", 3), ("[01]", 1), ("[1.]", 3), ("{a:1}", 1), ("[\"\\x\"]", 3),
            ("[tru]", 4), ("[\"\u{1}\"]", 2), ("[-]", 2), ("[,]", 1),
        ])
    func faults(_ text: String, _ offset: Int) {
        var tape = JSONTape()
        let fault = #expect(throws: JSONFault.self) { try tape.read(Array(text.utf8), from: 0) }
        #expect(fault?.offset == offset)
        #expect(fault?.isCutOff == false)
    }

    @Test("Every beginning of a value is told apart from a broken one")
    func cutOff() {
        let bytes = Array(#"{"a":[1,"\u00e9",{"b":null}],"c":-1.5e3}"#.utf8)
        for count in 0..<bytes.count {
            var tape = JSONTape()
            let fault = #expect(throws: JSONFault.self) { try tape.read(Array(bytes.prefix(count)), from: 0) }
            #expect(fault?.isCutOff == true, "\(count)")
        }
    }

    @Test("Nesting without end is refused")
    func nesting() {
        var tape = JSONTape()
        #expect(throws: JSONFault(offset: 64, reason: "nested too deep")) {
            try tape.read([UInt8](repeating: UInt8(ascii: "["), count: 100_000), from: 0)
        }
    }

    @Test("Quoted text holds nothing that HTML or a script could take for its own")
    func quoting() throws {
        let evil = "</script><!-- & ' ` \u{2028} \u{0} é 😀"
        let quoted = JSONString.quoted(evil)
        #expect(quoted.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
        for sign in ["<", ">", "&", "'", "`", "/"] { #expect(!quoted.contains(sign)) }
        #expect(try self.root(quoted).text == evil)
    }
}
