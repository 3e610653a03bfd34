import Foundation
import Synchronization
import Testing

@testable import LibP2P

@Suite struct PeerStoreTests {
    /// A folder with one store's file, a clock that stands, and what was warned of.
    private final class Bench: Sendable {
        let path = NSTemporaryDirectory() + "/peer-store-\(UUID().uuidString)"
        let time = Mutex<Int64>(1_800_000_000)
        let warnings = Mutex<[String]>([])

        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        var file: String { "\(self.path)/peers" }
        var warned: [String] { self.warnings.withLock { $0 } }
        func pass(_ seconds: Int64) { self.time.withLock { $0 += seconds } }

        func open(limits: PeerStoreLimits = PeerStoreLimits()) -> FilePeerStore {
            FilePeerStore(
                path: self.file, limits: limits,
                onWarning: { [weak self] text in self?.warnings.withLock { $0.append(text) } },
                now: { [weak self] in self?.time.withLock { $0 } ?? 0 })
        }

        func memory(limits: PeerStoreLimits = PeerStoreLimits()) -> MemoryPeerStore {
            MemoryPeerStore(limits: limits, now: { [weak self] in self?.time.withLock { $0 } ?? 0 })
        }

        var bytes: [UInt8] {
            get { FileManager.default.contents(atPath: self.file).map(Array.init) ?? [] }
            set { _ = FileManager.default.createFile(atPath: self.file, contents: Data(newValue)) }
        }
    }

    private static func address(_ number: Int) throws -> Multiaddress {
        try Multiaddress("/ip4/192.0.2.1/udp/\(number)/quic-v1")
    }

    private static func key(_ number: UInt8) throws -> (PublicKeyMessage, PeerID) {
        let key = try PublicKeyMessage(type: .ed25519, key: [UInt8](repeating: number, count: 32))
        return (key, PeerID(publicKey: key))
    }

    private static func both(_ bench: Bench, _ limits: PeerStoreLimits = PeerStoreLimits()) -> [any PeerStore] {
        [bench.memory(limits: limits), bench.open(limits: limits)]
    }

    @Test("An address counts until its time is over, to the second; the longer time of two holds")
    func lifetimes() throws {
        let bench = try Bench()
        let stores = Self.both(bench)
        let (one, two) = (try Self.address(1), try Self.address(2))
        for store in stores {
            store.add([one, two], of: .sample(1), source: .given, lifetime: .seconds(10))
            store.add([two], of: .sample(1), source: .given, lifetime: .seconds(20))
            store.add([two], of: .sample(1), source: .given, lifetime: .seconds(1))
            store.add([try Self.address(3)], of: .sample(1), source: .given, lifetime: .zero)
        }
        bench.pass(9)
        for store in stores { #expect(store.addresses(of: .sample(1)) == [two, one]) }
        bench.pass(1)
        for store in stores { #expect(store.addresses(of: .sample(1)) == [two]) }
        bench.pass(10)
        for store in stores { #expect(store.addresses(of: .sample(1)) == []) }
    }

    @Test("A lifetime beyond all numbers is one without end")
    func endless() throws {
        let bench = try Bench()
        let store = bench.memory()
        store.add([try Self.address(1)], of: .sample(1), source: .given, lifetime: .seconds(Int64.max))
        bench.pass(1 << 40)
        #expect(store.addresses(of: .sample(1)).count == 1)
    }

    @Test("The most certain address comes first, and of those alike the latest")
    func certainty() throws {
        for store in Self.both(try Bench()) {
            for (number, source) in [AddressSource.discovered, .given, .identified, .given, .connected].enumerated() {
                store.add([try Self.address(number)], of: .sample(1), source: source, lifetime: .seconds(9))
            }
            let expected = try [4, 3, 1, 2, 0].map { try Self.address($0) }
            #expect(store.addresses(of: .sample(1)) == expected)
            // News from a worse source does not make it worse.
            store.add([try Self.address(4)], of: .sample(1), source: .discovered, lifetime: .seconds(9))
            #expect(store.addresses(of: .sample(1)).first == (try Self.address(4)))
        }
    }

    @Test("The peer's own id is cut off its addresses; those of another peer are not taken")
    func identities() throws {
        let plain = try Self.address(1)
        let relay = Multiaddress.relayed(through: plain.appending(.sample(9)), to: .sample(1))
        for store in Self.both(try Bench()) {
            let addresses = [
                plain.appending(.sample(1)), plain.appending(.sample(2)), relay,
                try Multiaddress("/p2p/\(PeerID.sample(1))"),
            ]
            store.add(addresses, of: .sample(1), source: .given, lifetime: .seconds(9))
            #expect(store.addresses(of: .sample(1)) == [plain, relay.withoutPeer])
            #expect(store.addresses(of: .sample(1)).last?.isRelayed == true)
        }
    }

    @Test("Of many addresses the most certain are kept, and of those the ones that last longest")
    func addressBound() throws {
        var limits = PeerStoreLimits()
        limits.addressesPerPeer = 3
        for store in Self.both(try Bench(), limits) {
            for number in 1...9 {
                let source: AddressSource = number == 1 ? .given : .discovered
                let lifetime = Duration.seconds(number == 4 ? 1_000 : number)
                store.add([try Self.address(number)], of: .sample(1), source: source, lifetime: lifetime)
            }
            let expected = try [1, 9, 4].map { try Self.address($0) }
            #expect(store.addresses(of: .sample(1)) == expected)
        }
        limits.addressesPerPeer = 64
        limits.addressBytesPerPeer = 50
        for store in Self.both(try Bench(), limits) {
            let many = try (1...40).map { try Self.address($0) }
            store.add(many, of: .sample(1), source: .given, lifetime: .seconds(9))
            #expect(store.addresses(of: .sample(1)).reduce(0) { $0 + $1.bytes.count } <= 50)
            #expect(store.addresses(of: .sample(1)).count == 50 / many[0].bytes.count)
        }
    }

    @Test("What a peer says of its protocols, and metadata, has a limit in bytes")
    func byteBounds() throws {
        var limits = PeerStoreLimits()
        limits.protocolBytesPerPeer = 10
        limits.metadataBytesPerPeer = 10
        for store in Self.both(try Bench(), limits) {
            store.update(.sample(1)) { peer, _ in
                peer.protocols = ["/1234", "/56789", "/678", "", "bad\n"]
                peer.metadata = ["a": [1, 2, 3, 4], "b": [UInt8](repeating: 0, count: 99), "c": [1, 2, 3, 4]]
            }
            #expect(store.peer(.sample(1))?.protocols == ["/1234", "/678"])
            #expect(store.peer(.sample(1))?.metadata == ["a": [1, 2, 3, 4], "c": [1, 2, 3, 4]])
        }
    }

    @Test("A key that does not make the id is not kept")
    func keys() throws {
        let (key, id) = try Self.key(1)
        for store in Self.both(try Bench()) {
            store.update(id) { peer, _ in peer.key = key }
            store.update(.sample(5)) { peer, _ in peer.key = key }
            #expect(store.peer(id)?.key == key)
            #expect(store.peer(.sample(5))?.key == nil)
        }
    }

    @Test("A full store forgets the peer that was not used for longest")
    func leastRecentlyUsed() throws {
        var limits = PeerStoreLimits()
        limits.peers = 3
        for store in Self.both(try Bench(), limits) {
            for number in 1...3 { store.update(.sample(number)) { peer, now in peer.lastSeen = now } }
            #expect(store.peer(.sample(1)) != nil)
            store.update(.sample(4)) { peer, now in peer.lastSeen = now }
            #expect(store.peers == [.sample(4), .sample(1), .sample(3)])
            #expect(store.peer(.sample(2)) == nil)
            store.forget(.sample(4))
            #expect(store.peers == [.sample(1), .sample(3)])
        }
    }

    // MARK: The file

    private static func fill(_ store: any PeerStore) throws -> StoredPeer {
        let (key, id) = try self.key(7)
        store.add([try self.address(1), try self.address(2)], of: id, source: .identified, lifetime: .seconds(100))
        store.update(id) { peer, now in
            peer.key = key
            peer.protocols = ["/a", "/b/1.0.0"]
            peer.metadata = ["": [], "nickname": Array("Änn".utf8)]
            peer.lastSeen = now
        }
        store.update(.sample(3)) { _, _ in }
        return try #require(store.peer(id))
    }

    @Test("All that is known of peers survives a restart, and so does their order")
    func survives() throws {
        let bench = try Bench()
        let peer: StoredPeer
        do { peer = try Self.fill(bench.open()) }
        let store = bench.open()
        #expect(store.peers == [.sample(3), peer.id] || store.peers == [peer.id, .sample(3)])
        #expect(store.peer(peer.id) == peer)
        #expect(store.peer(.sample(3)) == StoredPeer(id: .sample(3)))
        bench.pass(100)
        #expect(bench.open().peer(peer.id)?.addresses == [])
        #expect(bench.warned == [])
    }

    @Test("Changes are written at once, then ten seconds later at the soonest, with a flush, and at the end")
    func writing() throws {
        let bench = try Bench()
        func known() -> Int { bench.open().peers.count }
        var store: FilePeerStore? = bench.open()
        store?.update(.sample(1)) { _, _ in }
        #expect(known() == 1)
        store?.update(.sample(2)) { _, _ in }
        bench.pass(9)
        store?.update(.sample(3)) { _, _ in }
        #expect(known() == 1)
        bench.pass(1)
        store?.update(.sample(4)) { _, _ in }
        #expect(known() == 4)
        store?.update(.sample(5)) { _, _ in }
        store?.flush()
        #expect(known() == 5)
        store?.forget(.sample(5))
        #expect(known() == 4)
        store?.update(.sample(6)) { _, _ in }
        // The clock is put back: writing goes on.
        bench.pass(-1_000_000)
        store?.update(.sample(7)) { _, _ in }
        #expect(known() == 6)
        store?.update(.sample(8)) { _, _ in }
        store = nil
        #expect(known() == 7)
        #expect(bench.warned == [])
    }

    @Test("Only the owner may read the file; one that others could read is taken from them with a warning")
    func permissions() throws {
        let bench = try Bench()
        bench.open().update(.sample(1)) { _, _ in }
        func mode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: bench.file)[.posixPermissions] as? Int
        }
        #expect(try mode() == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: bench.file)
        #expect(bench.open().peers == [.sample(1)])
        #expect(try mode() == 0o600)
        #expect(bench.warned.count == 1)
    }

    @Test("A damaged file is set aside with a warning, whichever byte it is, and the store begins anew")
    func damaged() throws {
        let bench = try Bench()
        _ = try Self.fill(bench.open())
        let bytes = bench.bytes
        var copies = bytes.indices.map { index in
            var copy = bytes
            copy[index] ^= 0x10
            return copy
        }
        copies += bytes.indices.map { Array(bytes.prefix($0)) }
        for (index, copy) in copies.enumerated() {
            bench.bytes = copy
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: bench.file)
            #expect(bench.open().peers == [], "copy \(index)")
            #expect(bench.warned.count == index + 1)
        }
        #expect(bench.warned.allSatisfy { $0.contains("damaged") })
        let aside = FileManager.default.contents(atPath: bench.file + ".damaged").map(Array.init)
        #expect(aside == copies.last)
        bench.open().update(.sample(1)) { _, _ in }
        #expect(bench.open().peers == [.sample(1)])
    }

    @Test("A file with a right sum over nonsense is damaged too", arguments: [1, 2, 3] as [UInt64])
    func nonsense(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let bench = try Bench()
        _ = try Self.fill(bench.open())
        let body = Array(bench.bytes.dropLast(8))
        for _ in 0..<2_000 {
            var copy = body
            let index = Int.random(in: 7..<copy.count, using: &random)
            copy[index] = UInt8.random(in: .min ... .max, using: &random)
            if random.next() % 2 == 0 { copy.removeLast(Int.random(in: 0..<(copy.count - 7), using: &random)) }
            let sum = copy.reduce(0xcbf2_9ce4_8422_2325) { (sum: UInt64, byte) in
                (sum ^ UInt64(byte)) &* 0x100_0000_01b3
            }
            copy += (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(56 - 8 * $0)) }
            // Read or not, but never a trap and never above the limits.
            let book = PeerBook(fileBytes: copy, limits: PeerStoreLimits(), now: 0)
            #expect((book?.peers.count ?? 0) <= 3, "seed \(seed)")
        }
    }

    @Test("Where the file can't be written the store goes on in memory, and says so")
    func unwritable() throws {
        let bench = try Bench()
        try FileManager.default.removeItem(atPath: bench.path)
        let store = bench.open()
        store.update(.sample(1)) { _, _ in }
        #expect(bench.warned.count == 1)
        #expect(bench.warned.first?.contains("can't be written") == true)
        #expect(store.peers == [.sample(1)])
    }

    @Test("Changes by many tasks at once are all there")
    func concurrent() async throws {
        for store in Self.both(try Bench()) {
            await withTaskGroup { group in
                for number in 0..<8 {
                    group.addTask {
                        for _ in 0..<25 {
                            store.update(.sample(1)) { peer, _ in peer.metadata["count", default: [0]][0] += 1 }
                            store.update(.sample(10 + number)) { _, _ in }
                        }
                    }
                }
            }
            #expect(store.peer(.sample(1))?.metadata["count"] == [200])
            #expect(store.peers.count == 9)
        }
    }
}
