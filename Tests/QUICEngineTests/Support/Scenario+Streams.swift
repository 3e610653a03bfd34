import QUICEngine
import QUICTestSupport
import Testing

extension SimulatedConnection {
    /// The engine, which a test needs while the connection lives.
    var live: ConnectionEngine {
        get throws { try #require(self.engine, "the connection is over: \(String(describing: self.closeReason))") }
    }

    /// How often an event happened.
    func count(of event: ConnectionEvent) -> Int { self.events.count { $0 == event } }

    /// Where in the record an event first stands.
    func place(of event: ConnectionEvent) throws -> Int { try #require(self.events.firstIndex(of: event)) }

    /// Offers bytes to the engine directly and returns how many it took.
    @discardableResult
    func write(_ bytes: [UInt8], to id: StreamID) throws -> Int { try self.live.write(bytes.span.bytes, to: id) }

    /// Reads at most `count` bytes.
    func read(_ count: Int, from id: StreamID) throws -> (result: ConnectionEngine.ReadResult, bytes: [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: count)
        var span = buffer.mutableSpan
        var target = span.mutableBytes
        let result = try self.live.read(id, into: &target)
        if case .bytes(let taken) = result { return (result, Array(buffer[..<taken])) }
        return (result, [])
    }
}

/// The kind of refusal that `body` ends with; nil where it does not.
func refusal(_ body: () throws -> Void) -> EngineError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? EngineError)?.code
    }
}
