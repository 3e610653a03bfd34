import Foundation
import QUICEngine
import Synchronization
import Testing

@testable import QUIC

@Suite("File replay memory")
struct FileReplayMemoryTests {
    /// A folder with one memory's file, which can be opened again and again.
    final class Folder {
        let path = NSTemporaryDirectory() + "/replay-memory-\(UUID().uuidString)"
        let warned = Warnings()
        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        var file: String { "\(self.path)/replays" }

        func open(capacity: Int = 100, now: Int64 = 1_000, hostStart: [UInt8]? = [1]) throws -> FileReplayMemory {
            try FileReplayMemory(
                path: self.file, capacity: capacity, onWarning: { [warned] in warned.add($0) }, now: now,
                hostStart: hostStart)
        }

        var bytes: [UInt8] {
            get { (FileManager.default.contents(atPath: self.file)).map(Array.init) ?? [] }
            set { try? Data(newValue).write(to: URL(fileURLWithPath: self.file)) }
        }

        var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? [] }
    }

    final class Warnings: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { self.texts.withLock { $0 } }
        func add(_ text: String) { self.texts.withLock { $0.append(text) } }
    }

    private static func key(_ number: Int) -> [UInt8] {
        [UInt8](repeating: 7, count: 31) + [UInt8(truncatingIfNeeded: number)]
    }

    @Test("an attempt from before a restart is known after it, until it expires, and is complete since the first start")
    func survives() throws {
        let folder = try Folder()
        do {
            let memory = try folder.open()
            #expect(memory.path == folder.file)
            #expect(memory.capacity == 100)
            #expect(memory.completeSince == 1_001)
            #expect(memory.insert(Self.key(1), now: 1_000, expiry: 2_000))
            #expect(memory.insert(Self.key(2), now: 1_000, expiry: 3_000))
            #expect(memory.insert([], now: 1_000, expiry: 3_000))
            #expect(!memory.insert(Self.key(1), now: 1_000, expiry: 2_000))
        }
        do {
            let memory = try folder.open(now: 1_999)
            #expect(memory.completeSince == 1_001)
            #expect(!memory.insert(Self.key(1), now: 1_999, expiry: 4_000))
            #expect(!memory.insert(Self.key(2), now: 1_999, expiry: 4_000))
            #expect(!memory.insert([], now: 1_999, expiry: 4_000))
            #expect(memory.insert(Self.key(3), now: 1_999, expiry: 4_000))
        }
        let memory = try folder.open(now: 2_000)
        #expect(memory.completeSince == 1_001)
        #expect(memory.insert(Self.key(1), now: 2_000, expiry: 4_000))
        #expect(!memory.insert(Self.key(2), now: 2_000, expiry: 4_000))
        #expect(!memory.insert(Self.key(3), now: 2_000, expiry: 4_000))
        #expect(folder.warned.all == [])
        #expect(folder.names == ["replays"])
    }

    @Test("what the process did not get to close is there all the same")
    func crash() throws {
        let folder = try Folder()
        let copy = try Folder()
        let memory = try folder.open()
        #expect(memory.insert(Self.key(1), now: 1_000, expiry: 2_000))
        copy.bytes = folder.bytes
        #expect(!(try copy.open()).insert(Self.key(1), now: 1_000, expiry: 2_000))
    }

    @Test(
        "after a start of the host, or where nobody tells, nothing from before counts as complete",
        arguments: [[2], nil] as [[UInt8]?])
    func hostStart(identifier: [UInt8]?) throws {
        let folder = try Folder()
        do { #expect(try folder.open(hostStart: identifier == nil ? nil : [1]).completeSince == 1_001) }
        do { #expect(try folder.open(now: 1_500, hostStart: identifier).completeSince == 1_501) }
        let later = try folder.open(now: 1_600, hostStart: identifier).completeSince
        #expect(later == (identifier == nil ? 1_601 : 1_501))
        #expect(folder.warned.all == [])
    }

    @Test("a damaged file is read as far as it goes, and nothing from before counts as complete")
    func damaged() throws {
        let folder = try Folder()
        do {
            let memory = try folder.open()
            for number in 0..<3 { #expect(memory.insert(Self.key(number), now: 1_000, expiry: 9_000)) }
        }
        let whole = folder.bytes
        let entry = 2 + 8 + 32 + 4
        let head = whole.count - 3 * entry
        var damaged = (0..<whole.count).map { index in
            var bytes = whole
            bytes[index] ^= 0x10
            return (bytes, max(0, index - head) / entry)
        }
        damaged += (1..<whole.count).filter { $0 < head || ($0 - head) % entry != 0 }.map {
            (Array(whole.prefix($0)), max(0, $0 - head) / entry)
        }
        damaged.append((whole + [0], 3))
        for (bytes, intact) in damaged {
            let warnings = folder.warned.all.count
            folder.bytes = bytes
            let memory = try folder.open(now: 1_500)
            #expect(memory.completeSince == 1_501)
            #expect(folder.warned.all.count == warnings + 1)
            #expect(folder.warned.all.last?.contains("damaged") == true)
            for number in 0..<intact { #expect(!memory.insert(Self.key(number), now: 1_500, expiry: 9_000)) }
            #expect(memory.insert(Self.key(9), now: 1_500, expiry: 9_000))
        }
        // It was made whole again, and stays what it is.
        let warnings = folder.warned.all.count
        #expect(try folder.open(now: 1_700).completeSince == 1_501)
        #expect(folder.warned.all.count == warnings)
    }

    @Test("a full memory refuses, also after a restart, until what it has expires")
    func full() throws {
        let folder = try Folder()
        do {
            let memory = try folder.open(capacity: 2)
            for number in 0..<4 {
                #expect(memory.insert(Self.key(number), now: 1_000, expiry: 2_000) == (number < 2))
            }
        }
        let memory = try folder.open(capacity: 1)
        #expect(!memory.insert(Self.key(5), now: 1_999, expiry: 3_000))
        #expect(!memory.insert(Self.key(0), now: 1_999, expiry: 3_000))
        #expect(memory.insert(Self.key(5), now: 2_000, expiry: 3_000))
        #expect(!memory.insert(Self.key(6), now: 2_000, expiry: 3_000))
        #expect(try Folder().open(capacity: 0).capacity == 1)
        #expect(try Folder().open(capacity: .max).capacity == 1 << 20)
    }

    @Test("the file does not grow without bound, and what is in force is never lost from it")
    func bounded() throws {
        let folder = try Folder()
        let entry = 2 + 8 + 32 + 4
        let memory = try folder.open(capacity: 10)
        let empty = folder.bytes.count
        for number in 0..<200 {
            let now = 1_000 + Int64(number)
            #expect(memory.insert(Self.key(number), now: now, expiry: now + 5))
            #expect(folder.bytes.count <= empty + 20 * entry)
            let known = ReplayRecords(folder.bytes, hostStart: [1], now: now)
            #expect(!known.isDamaged)
            for recent in max(0, number - 4)...number {
                #expect(known.expiries[Self.key(recent)] == 1_005 + Int64(recent))
            }
        }
        #expect(folder.names == ["replays"])
    }

    @Test("a file is for one memory at a time, and the second one is told what to do")
    func secondOpener() throws {
        let folder = try Folder()
        var memory: FileReplayMemory? = try folder.open(capacity: 1)
        func refused() -> Bool {
            do {
                _ = try folder.open()
                return false
            } catch {
                #expect((error as? QUICError)?.code == .invalidConfiguration)
                #expect((error as? QUICError)?.reason.contains("a file of its own") == true)
                return true
            }
        }
        #expect(refused())
        // The file under the name is another one by now.
        for number in 0..<3 {
            #expect(memory?.insert(Self.key(number), now: 1_000 + Int64(number), expiry: 1_001 + Int64(number)) == true)
        }
        #expect(refused())
        #expect(memory?.insert(Self.key(9), now: 2_000, expiry: 3_000) == true)
        memory = nil
        #expect(!(try folder.open()).insert(Self.key(9), now: 2_000, expiry: 3_000))
    }

    @Test("what can't be written is refused, with one warning, until it can be written again")
    func unwritable() throws {
        let folder = try Folder()
        let memory = try folder.open(capacity: 1)
        for number in 0..<2 {
            #expect(memory.insert(Self.key(number), now: 1_000 + Int64(number), expiry: 1_001 + Int64(number)))
        }
        // A folder in its place can't be written over.
        try FileManager.default.removeItem(atPath: folder.file)
        try FileManager.default.createDirectory(atPath: folder.file, withIntermediateDirectories: false)
        #expect(!memory.insert(Self.key(2), now: 1_002, expiry: 1_003))
        #expect(!memory.insert(Self.key(3), now: 1_003, expiry: 1_004))
        #expect(folder.warned.all.count == 1)
        #expect(folder.warned.all.first?.contains("0-RTT is refused") == true)
        #expect(folder.names == ["replays"])
        try FileManager.default.removeItem(atPath: folder.file)
        #expect(!memory.insert(Self.key(4), now: 1_003, expiry: 1_004), "one try a second")
        #expect(memory.insert(Self.key(5), now: 1_004, expiry: 1_005))
        #expect(ReplayRecords(folder.bytes, hostStart: [1], now: 0).expiries == [Self.key(5): 1_005])
        #expect(folder.warned.all.count == 1)
    }

    @Test("a file that can't be there is an error that says so")
    func impossible() throws {
        #expect(throws: QUICError(.invalidConfiguration, "")) {
            try FileReplayMemory(path: "/nowhere/at/all")
        }
        #expect(throws: QUICError(.invalidConfiguration, "")) { try FileReplayMemory(path: NSTemporaryDirectory()) }
    }

    @Test("only the owner may read the file; one that was open to others is taken from them with a warning")
    func permissions() throws {
        let folder = try Folder()
        func mode() throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file)
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
        do { _ = try folder.open() }
        #expect(try mode() == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file)
        do { _ = try folder.open() }
        #expect(try mode() == 0o600)
        #expect(folder.warned.all.count == 1)
    }

    @Test("a key that does not fit an entry is refused")
    func longKey() throws {
        let memory = try Folder().open()
        #expect(!memory.insert([UInt8](repeating: 1, count: 65_528), now: 1_000, expiry: 2_000))
        #expect(memory.insert([UInt8](repeating: 1, count: 65_527), now: 1_000, expiry: 2_000))
    }

    @Test("of many at once exactly one is the first")
    func concurrent() async throws {
        let memory = try Folder().open(capacity: 10_000)
        let wins = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<500).count { memory.insert([UInt8($0 & 0xff), UInt8($0 >> 8)], now: 90, expiry: 100) }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wins == 500)
    }

    @Test("the memory as it is made for use opens, remembers, and takes part in replay protection")
    func asMade() throws {
        let folder = try Folder()
        do {
            let memory = try FileReplayMemory(path: folder.file)
            #expect(memory.capacity == 262_144)
            #expect(memory.insert(Self.key(1), now: 1_000, expiry: .max))
            #expect(try ReplayProtection(memory: memory, memorySurvivesRestart: true).memorySurvivesRestart)
        }
        #expect(!(try FileReplayMemory(path: folder.file)).insert(Self.key(1), now: 1_000, expiry: .max))
    }
}
