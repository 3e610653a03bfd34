/// A file's name below a folder, as it goes over the wire: it can't lead out of the folder.
struct SafeName: Hashable, Sendable, CustomStringConvertible {
    /// The folders on the way, and the file last.
    let parts: [String]

    /// Returns nil for whatever is absolute, climbs, is empty somewhere, or could be read in two ways.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 4_096, parts.count <= 64, parts.allSatisfy(Self.isHarmless) else { return nil }
        self.parts = parts
    }

    var description: String { self.parts.joined(separator: "/") }

    private static func isHarmless(_ part: String) -> Bool {
        !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
            && !part.unicodeScalars.contains { $0.value < 0x20 || $0 == "\\" || $0 == "\u{7f}" || $0 == "\u{fffd}" }
    }
}
