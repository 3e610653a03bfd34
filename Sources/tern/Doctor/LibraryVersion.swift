import QUICIO

/// Numbers between points.
struct LibraryVersion: Comparable, CustomStringConvertible {
    private let numbers: [Int]

    /// Reads `1.11.0`; what follows the numbers is left out.
    init(_ text: String) {
        self.numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").prefix(3).map { Int($0) ?? 0 }
    }

    init(_ numbers: Int...) { self.numbers = numbers }

    var description: String { self.numbers.map(String.init).joined(separator: ".") }

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.padded.lexicographicallyPrecedes(rhs.padded) }
    static func == (lhs: Self, rhs: Self) -> Bool { lhs.padded == rhs.padded }

    private var padded: [Int] { self.numbers + [Int](repeating: 0, count: max(3 - self.numbers.count, 0)) }
}

/// What Debian's package manager says of a library: corrections come under the old number with a new suffix.
struct DebianPackage {
    /// The package's version, `3.7.9-2+deb12u6`.
    let version: String
    /// The release and its update, `deb12` and 6; 0 is what the release began with. nil for a backport.
    let update: (release: String, number: Int)?

    /// The installed package of one of these names, if it is of that upstream version; nil where nobody knows.
    init?(_ names: [String], upstream: LibraryVersion) {
        guard let bytes = try? DiskFile.contents(of: "/var/lib/dpkg/status", limit: 32 << 20) else { return nil }
        var isWanted = false
        var found: String?
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.count < 200 {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("Package: ") { isWanted = names.contains(String(text.dropFirst(9))) }
            guard isWanted, text.hasPrefix("Version: ") else { continue }
            let version = String(text.dropFirst(9))
            // A library of another number was not the one that was loaded.
            if LibraryVersion(version) == upstream { found = version }
        }
        guard let found else { return nil }
        self.version = found
        if let plus = found.lastIndex(of: "+"), let mark = found[plus...].lastIndex(of: "u"),
            let number = Int(found[found.index(after: mark)...])
        {
            self.update = (String(found[found.index(after: plus)..<mark]), number)
        } else if !found.contains("~bpo"),
            let release = SystemFile.value("VERSION_ID", in: "/etc/os-release", separator: "=")
        {
            self.update = ("deb\(release)", 0)
        } else {
            self.update = nil
        }
    }
}
