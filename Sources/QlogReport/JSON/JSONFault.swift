/// Why bytes are no JSON (RFC 8259), and where.
struct JSONFault: Error, Equatable {
    /// Where in the bytes.
    let offset: Int
    /// What was wrong there.
    let reason: String
    /// Whether the text stopped before it was complete: what a trace looks like whose writer was ended.
    var isCutOff = false

    static func end(_ offset: Int) -> JSONFault {
        JSONFault(offset: offset, reason: "the text ends too early", isCutOff: true)
    }
}
