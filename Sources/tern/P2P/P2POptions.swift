import LibP2P
import QUIC

/// What all commands of `tern p2p` understand: who to be, and how long to wait.
struct P2POptions: Sendable {
    let keyFile: String?
    /// nil: not said.
    let type: PublicKeyMessage.KeyType?
    let timeout: Duration
    let isJSON: Bool

    private static let types: [String: PublicKeyMessage.KeyType] = [
        "ed25519": .ed25519, "ecdsa": .ecdsa, "rsa": .rsa, "secp256k1": .secp256k1,
    ]

    init(_ arguments: inout Arguments) throws {
        self.keyFile = try arguments.option("--key")
        self.type = try arguments.choice("--type", Self.types)
        self.timeout = .microseconds(Int64((try arguments.number("--timeout", 0.001...86_400) ?? 15) * 1e6))
        self.isJSON = arguments.flag("--json")
    }

    /// The key in the file, or one that nobody has had before.
    func key() throws -> PrivateKey {
        guard let keyFile else { return try PrivateKey.generate(self.type ?? .ed25519) }
        let key = try KeyFile.loadOrCreate(keyFile, type: self.type ?? .ed25519)
        if let type, type != key.type {
            throw UsageError(message: "the key in \(keyFile) is of type \(key.type), not \(type)")
        }
        return key
    }

    /// A host that dials. To do without a relay it has to listen, too: the other end dials it at the same time.
    func host(dialling address: Multiaddress) throws -> LibP2PHost {
        let own = address.isRelayed ? [try Multiaddress("/ip4/0.0.0.0/udp/0/quic-v1")] : []
        return try self.host(listening: own, relay: .client())
    }

    /// A host with the key that was asked for.
    func host(listening addresses: [Multiaddress], relay: RelayUse) throws -> LibP2PHost {
        try LibP2PHost(key: self.key()) { configuration in
            configuration.listenAddresses = addresses
            configuration.relay = relay
            configuration.dialTimeout = self.timeout
            configuration.endpoint.onWarning = { Console.warn($0) }
        }
    }

    /// The next word as an address.
    static func address(_ arguments: inout Arguments, of command: String) throws -> Multiaddress {
        guard let word = arguments.next() else {
            throw UsageError(message: "\(command) needs an ADDRESS, such as /ip4/192.0.2.7/udp/4001/quic-v1")
        }
        return try Self.address(word)
    }

    static func address(_ word: String) throws -> Multiaddress {
        do { return try Multiaddress(word) } catch {
            throw UsageError(message: "\(word.printable) is no address of a peer: \(error.description.printable)")
        }
    }
}
