/// Which protocols a host serves, and what serves them.
///
/// The exact name goes first; then those that were registered with a match function, the longest name first, as that
/// is the most particular.
struct HandlerTable: Sendable {
    /// Serves a stream. It is finished when this returns, and reset when it throws.
    typealias Handler = @Sendable (LibP2PStream) async throws -> Void

    private struct Entry {
        let name: ProtocolID
        /// nil: the name alone.
        let matches: (@Sendable (ProtocolID) -> Bool)?
        let handler: Handler
    }

    /// In the order in which they are asked.
    private var entries: [Entry] = []

    /// The names to tell peers, those for match functions included.
    var names: [ProtocolID] { self.entries.map(\.name).sorted { $0.description < $1.description } }

    /// Serves a protocol, in place of what served it before.
    mutating func set(_ name: ProtocolID, _ handler: @escaping Handler) throws(LibP2PError) {
        try self.insert(Entry(name: name, matches: nil, handler: handler))
    }

    /// Serves every protocol that `matches` is true of; `name` is what peers are told, and what to remove it by.
    mutating func set(
        _ name: ProtocolID, matching matches: @escaping @Sendable (ProtocolID) -> Bool, _ handler: @escaping Handler
    ) throws(LibP2PError) {
        try self.insert(Entry(name: name, matches: matches, handler: handler))
    }

    /// Serves a protocol no more. False: nothing did.
    @discardableResult mutating func remove(_ name: ProtocolID) -> Bool {
        let count = self.entries.count
        self.entries.removeAll { $0.name == name }
        return self.entries.count < count
    }

    /// What serves a protocol that a peer asks for.
    func handler(for name: ProtocolID) -> Handler? {
        let exact = self.entries.first { $0.name == name }
        return (exact ?? self.entries.first { $0.matches?(name) ?? false })?.handler
    }

    private mutating func insert(_ entry: Entry) throws(LibP2PError) {
        guard entry.name.isValid else {
            throw entry.name.invalidError
        }
        self.remove(entry.name)
        let length = entry.name.description.utf8.count
        let index = self.entries.firstIndex { $0.name.description.utf8.count < length } ?? self.entries.endIndex
        self.entries.insert(entry, at: index)
    }
}
