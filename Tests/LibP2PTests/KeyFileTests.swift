internal import Foundation
internal import Testing

@testable internal import LibP2P

@Suite struct KeyFileTests {
    /// Runs `body` with the path of a file that does not exist, in a folder of its own.
    private func withPath(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tern-keys-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appending(path: "identity.key").path)
    }

    private func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("A key of each type comes back, from a file that only its owner may use", arguments: PrivateKeyTests.types)
    func saved(type: PublicKeyMessage.KeyType) throws {
        try self.withPath { path in
            let key = try PrivateKey.generate(type)
            try KeyFile.save(key, to: path)
            #expect(try KeyFile.load(path).encoded == key.encoded)
            #expect(try self.permissions(path) == 0o600)
            // The file is the message and nothing else: other implementations read it.
            #expect(FileManager.default.contents(atPath: path).map { [UInt8]($0) } == key.encoded)
            let other = try PrivateKey.generate()
            try KeyFile.save(other, to: path)
            #expect(try KeyFile.load(path).peerID == other.peerID)
        }
    }

    @Test("The first start makes a key, every later one has the same, and nothing else is left in the folder")
    func created() throws {
        try self.withPath { path in
            let key = try KeyFile.loadOrCreate(path, type: .secp256k1)
            #expect(key.type == .secp256k1)
            #expect(try KeyFile.loadOrCreate(path).encoded == key.encoded)
            #expect(try self.permissions(path) == 0o600)
            let folder = (path as NSString).deletingLastPathComponent
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["identity.key"])
        }
    }

    @Test("Of many that start at once, all get the same key")
    func race() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tern-keys-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "identity.key").path
        let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try KeyFile.loadOrCreate(path).encoded } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["identity.key"])
    }

    @Test(
        "A file that others may read, write or run is refused, and stays as it is",
        arguments: [0o640, 0o604, 0o620, 0o601])
    func exposed(mode: Int) throws {
        try self.withPath { path in
            try KeyFile.save(PrivateKey.generate(), to: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            for call in [{ try KeyFile.load(path) }, { try KeyFile.loadOrCreate(path) }] {
                let error = #expect(throws: LibP2PError.self) { try call() }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.description.contains("chmod 600") == true)
                #expect(error?.description.contains(path) == true)
            }
            #expect(try self.permissions(path) == mode)
        }
    }

    @Test("No file, a folder, an empty file, a large one, one of something else: each says which file it is about")
    func unusable() throws {
        try self.withPath { path in
            func expect(_ code: LibP2PError.Code, _ sourceLocation: SourceLocation = #_sourceLocation) {
                let error = #expect(throws: LibP2PError.self, sourceLocation: sourceLocation) {
                    try KeyFile.load(path)
                }
                #expect(error?.code == code, "\(String(describing: error))", sourceLocation: sourceLocation)
                #expect(error?.description.contains(path) == true, sourceLocation: sourceLocation)
            }
            func write(_ bytes: [UInt8]) throws {
                #expect(
                    FileManager.default.createFile(
                        atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600]))
            }
            expect(.systemFailed)
            try write([])
            expect(.truncated)
            try write(Array("-----BEGIN PRIVATE KEY-----".utf8))
            expect(.malformed)
            try write([UInt8](repeating: 8, count: 8_193))
            expect(.tooLong)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            expect(.systemFailed)
        }
        let error = #expect(throws: LibP2PError.self) { try KeyFile.loadOrCreate("no-such-folder/identity.key") }
        #expect(error?.code == .systemFailed)
    }
}
