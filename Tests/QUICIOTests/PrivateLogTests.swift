import Foundation
import QUICIO
import Testing

@Suite("Private log")
struct PrivateLogTests {
    final class Folder {
        let path = NSTemporaryDirectory() + "/private-log-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        var file: String { "\(self.path)/log" }
        var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? [] }

        func mode() throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: self.file)
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
    }

    /// The number that opening a file fails with.
    private static func failure(_ path: String) -> Errno? {
        do throws(Errno) {
            _ = try PrivateLog(path)
            return nil
        } catch {
            return error
        }
    }

    @Test("what is added comes after what is there, also after it was read, replaced, or opened again")
    func appends() throws {
        let folder = try Folder()
        do {
            var log = try PrivateLog(folder.file)
            #expect(try folder.mode() == 0o600)
            #expect(try log.read(limit: 0).bytes == [])
            try log.append([1, 2])
            #expect(try log.read(limit: 2).bytes == [1, 2])
            try log.append([3])
            #expect(try log.read(limit: 9).bytes == [1, 2, 3])
            try log.replace(with: [4, 5])
            try log.append([6])
            #expect(try log.read(limit: 9).bytes == [4, 5, 6])
            #expect(try folder.mode() == 0o600)
        }
        let log = try PrivateLog(folder.file)
        try log.append([])
        try log.append([7])
        #expect(try log.read(limit: 9) == PrivateFile.read(folder.file, limit: 9))
        #expect(try log.read(limit: 9).bytes == [4, 5, 6, 7])
        #expect(throws: Errno.fileTooLarge) { try PrivateFile.read(folder.file, limit: 3) }
        #expect(folder.names == ["log"])
    }

    @Test("one has it open at a time, whichever file has the name by now")
    func exclusive() throws {
        let folder = try Folder()
        do {
            var log = try PrivateLog(folder.file)
            #expect(Self.failure(folder.file) == .wouldBlock)
            try log.replace(with: [1])
            #expect(Self.failure(folder.file) == .wouldBlock)
            try log.append([2])
        }
        #expect(Self.failure(folder.file) == nil)
    }

    @Test("where another file can't take its place, it stays what it is, and nothing is left over")
    func irreplaceable() throws {
        let folder = try Folder()
        var log = try PrivateLog(folder.file)
        try log.append([1])
        try FileManager.default.removeItem(atPath: folder.file)
        try FileManager.default.createDirectory(atPath: folder.file, withIntermediateDirectories: false)
        var hasFailed = false
        do { try log.replace(with: [2]) } catch { hasFailed = true }
        #expect(hasFailed)
        #expect(try log.read(limit: 9).bytes == [1])
        #expect(folder.names == ["log"])
    }

    @Test("what is no file, or in no folder, is refused")
    func noFile() throws {
        #expect(Self.failure("/nowhere/at/all") == .noSuchFile)
        #expect(Self.failure(NSTemporaryDirectory()) != nil)
        // Whoever opens a device finds it empty, but can't have it to himself as a file.
        do throws(Errno) {
            _ = try PrivateLog("/dev/null").read(limit: 9)
            Issue.record("a device was taken for a file")
        } catch { #expect(error == .invalidArgument) }
    }

    @Test("access is taken from others, and it is told that they had it")
    func exposed() throws {
        let folder = try Folder()
        _ = FileManager.default.createFile(atPath: folder.file, contents: Data([1]))
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: folder.file)
        let log = try PrivateLog(folder.file)
        #expect(try log.read(limit: 9).wasExposed)
        #expect(try !log.read(limit: 9).wasExposed)
        #expect(try folder.mode() == 0o600)
    }
}
