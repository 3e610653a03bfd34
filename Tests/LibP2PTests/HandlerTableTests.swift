internal import Testing

@testable internal import LibP2P

@Suite struct HandlerTableTests {
    /// A handler that can be told from others: it throws its name.
    private struct Called: Error, Equatable { let name: String }

    private static func handler(_ name: String) -> HandlerTable.Handler { { _ in throw Called(name: name) } }

    private func called(_ table: HandlerTable, _ name: ProtocolID) async -> String? {
        let (base, _) = PipeStream.pair(seed: 1)
        let stream = LibP2PStream(NegotiatedStream(protocolID: name, base: base), peer: TestPeers.one)
        do {
            try await table.handler(for: name)?(stream)
            return nil
        } catch {
            return (error as? Called)?.name
        }
    }

    @Test("The exact name goes before match functions, and the longest of those before the others")
    func order() async throws {
        var table = HandlerTable()
        let starts: @Sendable (String) -> @Sendable (ProtocolID) -> Bool = { prefix in
            { $0.description.hasPrefix(prefix) }
        }
        try table.set("/a", matching: starts("/a"), Self.handler("short"))
        try table.set("/a/b", matching: starts("/a/b"), Self.handler("long"))
        try table.set("/a/b/1", Self.handler("exact"))
        try table.set("/z", matching: { _ in true }, Self.handler("any"))
        #expect(await self.called(table, "/a/b/1") == "exact")
        #expect(await self.called(table, "/a/b/2") == "long")
        #expect(await self.called(table, "/a/c") == "short")
        #expect(await self.called(table, "/q") == "any")
        #expect(table.names == ["/a", "/a/b", "/a/b/1", "/z"])
    }

    @Test("A handler replaces the one before it, and a name that is removed is served no more")
    func replacing() async throws {
        var table = HandlerTable()
        try table.set("/a", Self.handler("first"))
        try table.set("/a", Self.handler("second"))
        #expect(await self.called(table, "/a") == "second")
        #expect(table.names == ["/a"])
        let (wasServed, isServed) = (table.remove("/a"), table.remove("/a"))
        #expect(wasServed)
        #expect(!isServed)
        #expect(table.handler(for: "/a") == nil)
    }

    @Test("Names that cannot be sent cannot be registered", arguments: ["", "/a\nb"])
    func invalidNames(name: String) {
        var table = HandlerTable()
        let error = #expect(throws: LibP2PError.self) { try table.set(ProtocolID(name), Self.handler("a")) }
        #expect(error?.code == .invalidConfiguration)
    }
}
