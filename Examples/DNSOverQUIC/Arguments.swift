/// Words, and options with a value each.
struct Arguments {
    private(set) var words: [String] = []
    private var options: [String: String] = [:]

    /// Nil: an option is unknown or has no value.
    init?(_ texts: [String]) {
        var rest = texts[...]
        while let text = rest.popFirst() {
            guard text.hasPrefix("--") else {
                self.words.append(text)
                continue
            }
            guard ["--certificate", "--key", "--port", "--roots"].contains(text), let value = rest.popFirst() else {
                return nil
            }
            self.options[text] = value
        }
    }

    subscript(option: String) -> String? { self.options[option] }
}
