/// Finds the addresses behind the names in multiaddresses: `/dns`, `/dns4`, `/dns6` and `/dnsaddr`.
///
///     let resolver = AddressResolver()
///     for address in try await resolver.resolve(Multiaddress("/dns4/example.com/udp/4001/quic-v1")) {
///         print(address)  // /ip4/…/udp/4001/quic-v1
///     }
///
/// `/dnsaddr/example.com` stands for all addresses in the TXT records of `_dnsaddr.example.com`, those that end in
/// what follows the name, and those may be names again. Names are not proof of anything: give the peer's id, and the
/// handshake sees to it.
public struct AddressResolver: Sendable {
    /// How much work one address may cause.
    public struct Configuration: Hashable, Sendable {
        /// How long it may take.
        public var timeLimit = Duration.seconds(10)
        /// The most addresses that are returned; others are left out.
        public var maximumAddresses = 100
        /// The most names that are looked up.
        public var maximumQueries = 32
        /// How often a `/dnsaddr` may lead to another one.
        public var maximumDepth = 4

        /// Takes the limits that other implementations have as well.
        public init() {}
    }

    private let configuration: Configuration
    private let source: any NameSource

    /// Asks the system and its name servers.
    public init(_ configuration: Configuration = Configuration()) {
        self.init(configuration, source: SystemNames())
    }

    init(_ configuration: Configuration, source: any NameSource) {
        self.configuration = configuration
        self.source = source
    }

    /// Returns the addresses behind an address, none of which is a name; the address itself where it has no name in it.
    ///
    /// Throws where there is none: ``LibP2PError/Code/noAddress`` where the names lead nowhere,
    /// ``LibP2PError/Code/systemFailed`` where nobody could be asked, ``LibP2PError/Code/timedOut``.
    public func resolve(_ address: Multiaddress) async throws(LibP2PError) -> [Multiaddress] {
        guard AddressResolution.name(in: address) != nil else { return [address] }
        let timeLimit = self.configuration.timeLimit
        let result = await withTaskGroup(of: Result<[Multiaddress], LibP2PError>.self) { group in
            group.addTask {
                var resolution = AddressResolution(self.configuration, self.source)
                return await resolution.run(address)
            }
            group.addTask {
                do {
                    try await Task.sleep(for: timeLimit)
                    return .failure(LibP2PError(.timedOut, "nobody could say within \(timeLimit) where \(address) is"))
                } catch {
                    return .failure(LibP2PError(.cancelled, "the look-up of \(address) was cancelled"))
                }
            }
            // Both are there, so one is the first.
            let first = await group.next() ?? .success([])
            group.cancelAll()
            return first
        }
        return try result.get()
    }
}
