import QUICTestSupport
import Synchronization
import Testing

@testable import QUICEngine

@Suite("Chains that were found good")
struct AcceptedChainsTests {
    private static let digest: [UInt8] = Array(0..<32)

    @Test("an opinion holds for a minute from the second of the check on, not before and not longer")
    func lifetime() {
        var chains = AcceptedChains()
        chains.insert(Self.digest, at: 1_000, expiry: 9_999)
        #expect(chains.contains(Self.digest, at: 1_000))
        #expect(chains.contains(Self.digest, at: 1_060))
        #expect(!chains.contains(Self.digest, at: 1_061))
        #expect(!chains.contains(Self.digest, at: 999))
        #expect(!chains.contains([1], at: 1_000))
    }

    @Test("no opinion outlives the certificates, and there is none of those that are over")
    func expiry() {
        var chains = AcceptedChains()
        chains.insert(Self.digest, at: 1_000, expiry: 1_010)
        #expect(chains.contains(Self.digest, at: 1_010))
        #expect(!chains.contains(Self.digest, at: 1_011))
        chains.insert([7], at: 1_000, expiry: 999)
        #expect(!chains.contains([7], at: 1_000))
    }

    @Test("where no digest could be made, nothing is kept: it would stand for every chain")
    func noDigest() {
        var chains = AcceptedChains()
        chains.insert([], at: 1_000, expiry: 9_999)
        #expect(!chains.contains([], at: 1_000))
    }

    @Test("opinions on many servers do not grow without bound")
    func limit() {
        var chains = AcceptedChains()
        for number in 0..<1_000 {
            chains.insert([UInt8(number & 255), UInt8(number >> 8)], at: 1_000, expiry: 9_999)
            #expect(chains.count <= AcceptedChains.limit)
        }
        #expect(chains.contains([UInt8(999 & 255), UInt8(999 >> 8)], at: 1_000))
    }

    @Test("the digest tells names, purposes and the borders of certificates apart")
    func digests() {
        func digest(_ chain: [[UInt8]], _ name: String?, _ isServer: Bool) -> [UInt8] {
            AcceptedChains.digest(
                of: PeerCertificate(chain: chain, publicKey: [], expectedName: name), peerIsServer: isServer)
        }
        let all = [
            digest([[1, 2], [3]], "a", true), digest([[1], [2, 3]], "a", true), digest([[1, 2, 3]], "a", true),
            digest([[1, 2], [3]], "b", true), digest([[1, 2], [3]], "a", false), digest([[1, 2], [3]], nil, false),
            digest([[1, 2], [3]], "", false), digest([[1, 2], [3], []], "a", true),
        ]
        #expect(Set(all).count == all.count)
        #expect(all.allSatisfy { $0.count == 32 })
    }

    @Test("what a server showed is judged once, and for another name once more: that is refused")
    func onceForEachName() throws {
        let scenario = Scenario()
        let store = try TrustStore(pem: Array(Scenario.identities.authority.certificatePEM.utf8))
        scenario.clientTLS.trust = .roots(store)
        for _ in 0..<3 {
            _ = try scenario.connect()
            #expect(store.accepted.withLock { $0.count } == 1)
        }
        scenario.clientTLS.serverName = "other.test"
        let endings = try scenario.dialInVain()
        scenario.expect(endings, alert: .badCertificate, from: \.client, mentioning: "not for other.test")
        #expect(store.accepted.withLock { $0.count } == 1)
        scenario.clientTLS.serverName = "127.0.0.1"
        _ = try scenario.connect()
        #expect(store.accepted.withLock { $0.count } == 2)
        scenario.expectNothingLeft()
    }

    @Test("a refusal is not remembered as anything")
    func refusals() throws {
        let scenario = Scenario()
        let store = try TestIdentities(now: Scenario.now).store
        scenario.clientTLS.trust = .roots(store)
        for _ in 0..<2 { #expect(try scenario.dialInVain().client.tlsAlert == .unknownCA) }
        #expect(store.accepted.withLock { $0.count } == 0)
        scenario.expectNothingLeft()
    }
}
