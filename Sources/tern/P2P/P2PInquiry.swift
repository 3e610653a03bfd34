import LibP2P
import QUICIO

/// `tern p2p identify`: what a peer says of itself.
struct P2PInquiry: Sendable {
    private let options: P2POptions
    private let address: Multiaddress

    init(_ options: P2POptions, _ arguments: inout Arguments) throws {
        self.options = options
        self.address = try P2POptions.address(&arguments, of: "identify")
        try arguments.end()
    }

    /// Returns the exit code.
    func run() async throws -> Int32 {
        let call = try await self.options.host(dialling: self.address).run { host in
            try await P2PCall.make(from: host, to: self.address, within: self.options.timeout)
        }
        Console.write(self.options.isJSON ? call.json.text : call.text)
        return call.peer == nil ? 1 : 0
    }
}
