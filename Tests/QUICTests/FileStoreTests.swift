import Foundation
import QUICEngine
import Synchronization
import Testing

@testable import QUIC

@Suite("File store")
struct FileStoreTests {
    /// A folder with one store's file, which can be opened again and again.
    final class Folder {
        let path = NSTemporaryDirectory() + "/file-store-\(UUID().uuidString)"
        let bench = StoreTests.Bench()
        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        var file: String { "\(self.path)/store" }

        func open(limits: StoreLimits = StoreLimits()) -> FileStore {
            FileStore(
                path: self.file, limits: limits,
                onWarning: { [bench] text in bench.warnings.withLock { $0.append(text) } }, now: self.bench.now)
        }

        var bytes: [UInt8] {
            get { (FileManager.default.contents(atPath: self.file)).map(Array.init) ?? [] }
            set { _ = FileManager.default.createFile(atPath: self.file, contents: Data(newValue)) }
        }
    }

    @Test("what was stored is there after a restart, in its order, and what was taken is not")
    func survives() throws {
        let folder = try Folder()
        do {
            let store = folder.open()
            for number in 0..<3 { store.store(try StoreTests.ticket(number), for: StoreTests.server(1)) }
            store.store(token: [7, 8], for: StoreTests.server(2))
            #expect(store.takeTicket(for: StoreTests.server(1)) == (try StoreTests.ticket(2)))
        }
        let store = folder.open()
        let tickets = (0..<3).map { _ in store.takeTicket(for: StoreTests.server(1)) }
        #expect(tickets == [try StoreTests.ticket(1), try StoreTests.ticket(0), nil])
        #expect(store.takeToken(for: StoreTests.server(2)) == [7, 8])
        let emptied = folder.open()
        #expect(emptied.takeToken(for: StoreTests.server(2)) == nil)
        #expect(emptied.takeTicket(for: StoreTests.server(1)) == nil)
        #expect(folder.bench.warned == [])
    }

    @Test("servers are forgotten in the order of their use, also after a restart")
    func order() throws {
        let folder = try Folder()
        var limits = StoreLimits()
        limits.servers = 2
        do {
            let store = folder.open(limits: limits)
            for number in [1, 2, 1] { store.store(token: [1], for: StoreTests.server(number)) }
        }
        let store = folder.open(limits: limits)
        store.store(token: [1], for: StoreTests.server(3))
        let left = (1...3).map { store.takeToken(for: StoreTests.server($0)) }
        #expect(left == [[1], nil, [1]])
    }

    @Test("only the owner may read the file; one that others could read is taken from them with a warning")
    func permissions() throws {
        let folder = try Folder()
        folder.open().store(token: [1], for: StoreTests.server(1))
        func mode() throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file)
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
        #expect(try mode() == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file)
        #expect(folder.open().takeToken(for: StoreTests.server(1)) == [1])
        #expect(try mode() == 0o600)
        #expect(folder.bench.warned.count == 1)
        #expect(folder.bench.warned.first?.contains("other users") == true)
    }

    @Test("a damaged file is ignored with a warning, whichever byte it is, and written anew")
    func damaged() throws {
        let folder = try Folder()
        folder.open().store(token: [1, 2, 3], for: StoreTests.server(1))
        let bytes = folder.bytes
        var damaged = bytes.indices.map { index in
            var copy = bytes
            copy[index] ^= 0x10
            return copy
        }
        damaged += bytes.indices.map { Array(bytes.prefix($0)) }
        for (index, copy) in damaged.enumerated() {
            folder.bytes = copy
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file)
            let store = folder.open()
            #expect(store.takeToken(for: StoreTests.server(1)) == nil, "copy \(index)")
            #expect(folder.bench.warned.count == index + 1)
        }
        #expect(folder.bench.warned.allSatisfy { $0.contains("damaged") })
        folder.open().store(token: [4], for: StoreTests.server(1))
        #expect(folder.open().takeToken(for: StoreTests.server(1)) == [4])
    }

    @Test("the age counts on while nobody has the file open, also where the clock was put back")
    func age() throws {
        let folder = try Folder()
        folder.bench.pass(.seconds(1_000))
        folder.open().store(token: [1], for: StoreTests.server(1))
        folder.open().store(token: [2], for: StoreTests.server(2))
        folder.bench.pass(.seconds(7 * 86_400 - 1))
        #expect(folder.open().takeToken(for: StoreTests.server(1)) == [1])
        folder.bench.pass(.seconds(1))
        #expect(folder.open().takeToken(for: StoreTests.server(2)) == nil)
        folder.open().store(token: [3], for: StoreTests.server(3))
        folder.bench.time.store(5_000_000_000, ordering: .relaxed)
        let store = folder.open()
        folder.bench.pass(.seconds(7 * 86_400))
        #expect(store.takeToken(for: StoreTests.server(3)) == nil)
        #expect(folder.bench.warned == [])
    }

    @Test("where the file can't be written the store goes on in memory, and says so")
    func unwritable() throws {
        let folder = try Folder()
        try FileManager.default.removeItem(atPath: folder.path)
        let store = folder.open()
        #expect(folder.bench.warned == [])
        store.store(token: [1], for: StoreTests.server(1))
        #expect(folder.bench.warned.count == 1)
        #expect(folder.bench.warned.first?.contains("can't be written") == true)
        #expect(store.takeToken(for: StoreTests.server(1)) == [1])
    }

    @Test("what is no file is ignored with a warning")
    func folderInPlace() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.file, withIntermediateDirectories: true)
        #expect(folder.open().takeToken(for: StoreTests.server(1)) == nil)
        #expect(folder.bench.warned.first?.contains("can't be read") == true)
    }

    @Test("of many takers at once each token goes to one, and none comes back after a restart")
    func concurrent() async throws {
        let folder = try Folder()
        var limits = StoreLimits()
        limits.entriesPerServer = 40
        let store = folder.open(limits: limits)
        for number in 0..<40 as Range<UInt8> { store.store(token: [number], for: StoreTests.server(1)) }
        let taken = await withTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<4 {
                group.addTask { (0..<9).compactMap { _ in store.takeToken(for: StoreTests.server(1)) } }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(taken).count == 36)
        let later = folder.open(limits: limits)
        let left = (0..<5).compactMap { _ in later.takeToken(for: StoreTests.server(1)) }
        #expect(left.count == 4)
        #expect(Set(left).isDisjoint(with: taken))
    }
}
