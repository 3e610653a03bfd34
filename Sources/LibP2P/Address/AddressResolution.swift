internal import QUIC

/// One run of an ``AddressResolver``: level by level, the names of one level at the same time.
struct AddressResolution: Sendable {
    private typealias Step = Result<[Multiaddress], LibP2PError>

    private let configuration: AddressResolver.Configuration
    private let source: any NameSource
    private var found: [Multiaddress] = []
    private var queries = 0
    private var failure: LibP2PError?

    init(_ configuration: AddressResolver.Configuration, _ source: any NameSource) {
        self.configuration = configuration
        self.source = source
    }

    /// Where the first name of an address stands.
    static func name(in address: Multiaddress) -> Int? {
        address.components.firstIndex { [.dns, .dns4, .dns6, .dnsaddr].contains($0.kind) }
    }

    mutating func run(_ address: Multiaddress) async -> Result<[Multiaddress], LibP2PError> {
        var level = [address]
        // Each level of dnsaddr may end in names of hosts, which are one more.
        for depth in 0...max(self.configuration.maximumDepth, 0) {
            level = await self.resolve(level, mayFollow: depth < self.configuration.maximumDepth)
            guard !level.isEmpty else { break }
        }
        if Task.isCancelled { return .failure(LibP2PError(.cancelled, "the look-up of \(address) was cancelled")) }
        guard self.found.isEmpty else { return .success(self.found) }
        return .failure(self.failure ?? LibP2PError(.noAddress, "the names in \(address) lead to no address"))
    }

    /// Looks up the first name of each address; returns those with names left.
    private mutating func resolve(_ level: [Multiaddress], mayFollow: Bool) async -> [Multiaddress] {
        var asked: [Multiaddress] = []
        for address in level {
            guard let index = Self.name(in: address) else {
                self.add(address)
                continue
            }
            guard mayFollow || address.components[index].kind != .dnsaddr else {
                self.fail(.tooLong, "\(address) is more than \(self.configuration.maximumDepth) names away")
                continue
            }
            guard self.queries < self.configuration.maximumQueries else {
                self.fail(.tooLong, "more than \(self.configuration.maximumQueries) names would have to be looked up")
                continue
            }
            self.queries += 1
            asked.append(address)
        }
        var next: [Multiaddress] = []
        for step in await self.steps(asked) {
            switch step {
            case .success(let addresses):
                for address in addresses where !next.contains(address) {
                    // What needs no further look-up is found now, so that a limit of the queries does not lose it.
                    if Self.name(in: address) == nil { self.add(address) } else { next.append(address) }
                }
            case .failure(let error): self.failure = self.failure ?? error
            }
        }
        return Array(next.prefix(self.configuration.maximumAddresses))
    }

    private mutating func add(_ address: Multiaddress) {
        guard self.found.count < self.configuration.maximumAddresses, !self.found.contains(address) else { return }
        self.found.append(address)
    }

    private mutating func fail(_ code: LibP2PError.Code, _ words: String) {
        self.failure = self.failure ?? LibP2PError(code, words)
    }

    /// What is behind the first name of each address, in their order.
    private func steps(_ addresses: [Multiaddress]) async -> [Step] {
        let source = self.source
        return await withTaskGroup(of: (Int, Step).self) { group in
            for (number, address) in addresses.enumerated() {
                group.addTask { (number, await Self.step(address, source)) }
            }
            var steps: [(Int, Step)] = []
            for await step in group { steps.append(step) }
            return steps.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func step(_ address: Multiaddress, _ source: any NameSource) async -> Step {
        guard let index = self.name(in: address) else { return .success([address]) }
        let component = address.components[index]
        let before = address.components[..<index]
        let after = address.components[(index + 1)...]
        do throws(LibP2PError) {
            guard component.kind == .dnsaddr else {
                let family: NetworkAddress.Family? =
                    component.kind == .dns4 ? .ipv4 : component.kind == .dns6 ? .ipv6 : nil
                let hosts = try await source.addresses(of: component.value, family: family)
                return .success(
                    hosts.map { host in
                        // The host's part alone: the port is in what follows.
                        let parts = Multiaddress(host).components.dropLast(2)
                        return Multiaddress(unchecked: Array(before) + Array(parts) + Array(after))
                    })
            }
            let texts = try await source.texts(of: "_dnsaddr." + component.value)
            return .success(self.records(texts, before: before, after: after))
        } catch {
            return .failure(error)
        }
    }

    /// The addresses in TXT records that end in what follows the name. What is behind a relay is not the records' business.
    private static func records(
        _ texts: [String], before: ArraySlice<Multiaddress.Component>, after: ArraySlice<Multiaddress.Component>
    ) -> [Multiaddress] {
        let circuit = after.firstIndex { $0.kind == .p2pCircuit } ?? after.endIndex
        let suffix = after[..<circuit]
        return texts.prefix(100).compactMap { text in
            let prefix = "dnsaddr="
            guard text.hasPrefix(prefix), let address = try? Multiaddress(String(text.dropFirst(prefix.count))),
                address.components.suffix(suffix.count) == suffix
            else { return nil }
            let components = Array(before) + address.components + Array(after[circuit...])
            return components.count <= Multiaddress.maximumComponentCount
                ? Multiaddress(unchecked: components) : nil
        }
    }
}
