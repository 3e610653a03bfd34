internal import Foundation
internal import QUICIO
internal import Testing

@Suite("Files that get their name when they are whole")
struct NewFileTests {
    /// What is in a folder, hidden files too.
    private func contents(of folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "/new-file-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("a file that is kept has its name and its bytes, and nothing else is left")
    func keep() throws {
        try self.withFolder { folder in
            do {
                let file = try NewFile(in: folder)
                try file.write(Array("lo".utf8), at: 3)
                try file.write(Array("hel".utf8), at: 0)
                #expect(try self.contents(of: folder).allSatisfy { $0.hasPrefix(".") })
                try file.keep(as: "greeting")
            }
            #expect(try self.contents(of: folder) == ["greeting"])
            #expect(try DiskFile.contents(of: "\(folder)/greeting", limit: 10) == Array("hello".utf8))
        }
    }

    @Test("a file that is not kept leaves nothing")
    func drop() throws {
        try self.withFolder { folder in
            do { try NewFile(in: folder).write([1], at: 0) }
            #expect(try self.contents(of: folder) == [])
        }
    }

    @Test("no file takes the place of another one, or of a link")
    func taken() throws {
        try self.withFolder { folder in
            try DiskFile.write("first", to: "\(folder)/a")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/b", withDestinationPath: "/nowhere")
            for name in ["a", "b"] {
                let file = try NewFile(in: folder)
                try file.write([1], at: 0)
                #expect(throws: Errno.fileExists) { try file.keep(as: name) }
                #expect(DiskFile.exists("\(folder)/\(name)"))
            }
            #expect(try DiskFile.contents(of: "\(folder)/a", limit: 10) == Array("first".utf8))
        }
    }

    @Test(
        "names that lead out of the folder, are hidden or could be read in two ways are refused",
        arguments: [
            "", ".", "..", "../a", "/a", "a/b", ".a", ".\u{301}a", "a\\b", "a\u{0}b", "a\nb", "a\u{7F}", "a\u{9B}b",
            "a\u{FFFD}", String(repeating: "ä", count: 128),
        ])
    func refused(_ name: String) throws {
        #expect(!NewFile.allows(name))
        try self.withFolder { folder in
            let file = try NewFile(in: folder)
            #expect(throws: Errno.invalidArgument) { try file.keep(as: name) }
        }
    }

    @Test(
        "ordinary names are allowed",
        arguments: ["a", "a.b", "a: b", "Grüße 日本.txt", String(repeating: "a", count: 255)])
    func allowed(_ name: String) throws {
        #expect(NewFile.allows(name))
        try self.withFolder { folder in
            try NewFile(in: folder).keep(as: name)
            #expect(try self.contents(of: folder) == [name])
        }
    }

    @Test("a folder that is not there is told")
    func noFolder() {
        #expect(throws: Errno.noSuchFile) { try NewFile(in: "/nonexistent") }
    }
}
