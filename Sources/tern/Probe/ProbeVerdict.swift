/// What one step found out about one server.
struct ProbeVerdict: Hashable, Sendable {
    enum Kind: String, Sendable {
        case yes, no, unknown
        case notTried = "not tried"
    }

    let kind: Kind
    /// What the table shows.
    let word: String
    /// The reason, in a sentence; empty where there is nothing to add.
    let detail: String

    private init(_ kind: Kind, _ word: String, _ detail: String) {
        (self.kind, self.word, self.detail) = (kind, word, detail)
    }

    static func yes(_ word: String = "yes", _ detail: String = "") -> Self { Self(.yes, word, detail) }
    static func no(_ detail: String, word: String = "no") -> Self { Self(.no, word, detail) }
    static func unknown(_ detail: String) -> Self { Self(.unknown, "?", detail) }
    static func notTried(_ detail: String = "", word: String = "–") -> Self { Self(.notTried, word, detail) }

    var styled: String {
        switch self.kind {
        case .yes: self.word
        case .no, .unknown, .notTried: Style.dim(self.word)
        }
    }
}
