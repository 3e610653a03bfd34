internal import Foundation
internal import QUICIO
internal import Testing

@Suite struct PrivateFileTests {
    /// A folder of its own for each test.
    final class Folder {
        let path = NSTemporaryDirectory() + "/private-file-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        func mode(of name: String) throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(self.path)/\(name)")
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }

        var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? []).sorted() }
    }

    @Test("What is written is read, whole, by the owner only, and no other file is left", arguments: [0, 1, 200_000])
    func roundTrip(count: Int) throws {
        let folder = try Folder()
        let path = "\(folder.path)/file"
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try PrivateFile.replace(path, with: [9, 9, 9])
        try PrivateFile.replace(path, with: bytes)
        let contents = try PrivateFile.read(path, limit: count)
        #expect(contents.bytes == bytes)
        #expect(!contents.wasExposed)
        #expect(try folder.mode(of: "file") == 0o600)
        #expect(folder.names == ["file"])
    }

    @Test("Inspecting tells whether others have access, and leaves it to them", arguments: [0o600, 0o644, 0o602])
    func inspected(mode: Int) throws {
        let folder = try Folder()
        let path = "\(folder.path)/file"
        try PrivateFile.replace(path, with: [1, 2])
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let contents = try PrivateFile.inspect(path, limit: 2)
        #expect(contents.bytes == [1, 2])
        #expect(contents.wasExposed == (mode != 0o600))
        #expect(try folder.mode(of: "file") == mode)
        #expect(throws: Errno.fileTooLarge) { try PrivateFile.inspect(path, limit: 1) }
        #expect(throws: Errno.isFolder) { try PrivateFile.inspect(folder.path, limit: 1) }
        #expect(throws: Errno.noSuchFile) { try PrivateFile.inspect("\(path).not", limit: 1) }
    }

    @Test("A file is made only where there is none, whole, for its owner, and no other file is left")
    func created() throws {
        let folder = try Folder()
        let path = "\(folder.path)/file"
        try PrivateFile.create(path, with: [1, 2, 3])
        #expect(throws: Errno.fileExists) { try PrivateFile.create(path, with: [4]) }
        #expect(try PrivateFile.read(path, limit: 10).bytes == [1, 2, 3])
        #expect(try folder.mode(of: "file") == 0o600)
        #expect(folder.names == ["file"])
    }

    @Test("A file that others may read is taken from them, and that is told once", arguments: [0o644, 0o640, 0o602])
    func exposed(mode: Int) throws {
        let folder = try Folder()
        let path = "\(folder.path)/file"
        try PrivateFile.replace(path, with: [1])
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(try PrivateFile.read(path, limit: 10).wasExposed)
        #expect(try folder.mode(of: "file") == 0o600)
        #expect(try !PrivateFile.read(path, limit: 10).wasExposed)
    }

    @Test("A new file takes the place of one that others may read")
    func replacesExposed() throws {
        let folder = try Folder()
        let path = "\(folder.path)/file"
        try Data([1, 2]).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
        try PrivateFile.replace(path, with: [3])
        #expect(try folder.mode(of: "file") == 0o600)
        #expect(try PrivateFile.read(path, limit: 1).bytes == [3])
    }

    @Test("What is missing, too large or no file is an error")
    func refused() throws {
        let folder = try Folder()
        let path = "\(folder.path)/file"
        #expect(throws: Errno.noSuchFile) { try PrivateFile.read(path, limit: 10) }
        try PrivateFile.replace(path, with: [1, 2, 3])
        #expect(throws: Errno.fileTooLarge) { try PrivateFile.read(path, limit: 2) }
        #expect(throws: Errno.invalidArgument) { try PrivateFile.read(folder.path, limit: 10) }
        #expect(throws: Errno.noSuchFile) { try PrivateFile.replace("\(folder.path)/missing/file", with: [1]) }
    }

    @Test("A file that can't be put in place leaves nothing behind")
    func failedRename() throws {
        let folder = try Folder()
        let target = "\(folder.path)/folder"
        try FileManager.default.createDirectory(atPath: "\(target)/inner", withIntermediateDirectories: true)
        #expect(throws: Errno.self) { try PrivateFile.replace(target, with: [1]) }
        #expect(folder.names == ["folder"])
    }
}
