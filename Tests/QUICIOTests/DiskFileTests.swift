internal import Foundation
internal import QUICIO
internal import Testing

@Suite struct DiskFileTests {
    @Test("A file is read whole, or not at all where it is larger than allowed")
    func read() throws {
        let folder = try Folder()
        let path = folder.file("trace")
        try DiskFile.create(path).write([UInt8](repeating: 4, count: 200_000), at: 0)
        #expect(try DiskFile.contents(of: path, limit: 200_000).count == 200_000)
        #expect(throws: Errno.fileTooLarge) { try DiskFile.contents(of: path, limit: 199_999) }
    }

    @Test("The names in a folder come in order, without hidden ones")
    func names() throws {
        let folder = try Folder()
        for name in ["b", "a", ".c"] { _ = try DiskFile.create(folder.file(name)) }
        #expect(try DiskFile.names(in: folder.name) == ["a", "b"])
        #expect(throws: Errno.noSuchFile) { try DiskFile.names(in: folder.file("nobody")) }
        #expect(throws: Errno.noSuchFile) { try DiskFile.contents(of: folder.file("nobody"), limit: 1) }
    }
}

/// A folder that goes when the test ends.
private final class Folder {
    let name = NSTemporaryDirectory() + "/disk-file-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: self.name, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(atPath: self.name) }

    func file(_ file: String) -> String { "\(self.name)/\(file)" }
}
