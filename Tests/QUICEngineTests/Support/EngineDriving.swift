import QUICEngine
import QUICTestSupport

/// A datagram that an engine wants to send.
struct OutgoingDatagram {
    var bytes: [UInt8]
    var path: NetworkPath
    var ecn: ECN
}

extension ConnectionEngine {
    /// Takes everything that the engine wants to send now: for tests that look at single packets.
    func takeDatagrams(maximum: Int = 64, room: Int = 65_536, now: EngineInstant) -> [OutgoingDatagram] {
        var buffer = [UInt8](repeating: 0, count: room)
        var taken: [OutgoingDatagram] = []
        while true {
            var span = buffer.mutableSpan
            var target = span.mutableBytes
            guard self.transmit(into: &target, maximumDatagrams: maximum, now: now) > 0 else { return taken }
            for run in self.runs {
                for start in stride(from: run.offset, to: run.offset + run.count, by: run.segmentSize) {
                    let end = min(start + run.segmentSize, run.offset + run.count)
                    taken.append(OutgoingDatagram(bytes: Array(buffer[start..<end]), path: run.path, ecn: run.ecn))
                }
            }
        }
    }

    /// Feeds bytes that came over the path in use.
    func receive(_ bytes: [UInt8], now: EngineInstant) {
        self.receive(bytes.span.bytes, path: self.currentPath, ecn: .notCapable, now: now)
    }
}

extension SimulatedConnection {
    /// Lends the engine, which a test must not keep: what is held is left over in the end.
    func withEngine<R>(_ body: (ConnectionEngine) throws -> R) throws -> R {
        guard let engine = self.engine else { throw EngineError(.connectionStateMismatch, "the engine was let go") }
        return try body(engine)
    }
}

extension [ConnectionEvent] {
    /// The connection IDs that were issued, in order.
    var issuedIDs: [IssuedConnectionID] {
        self.compactMap { if case .connectionIDIssued(let id) = $0 { id } else { nil } }
    }

    /// The connection IDs that were retired, in order.
    var retiredIDs: [IssuedConnectionID] {
        self.compactMap { if case .connectionIDRetired(let id) = $0 { id } else { nil } }
    }

    /// The paths that were gone over to, in order.
    var paths: [NetworkPath] {
        self.compactMap { if case .pathChanged(let path) = $0 { path } else { nil } }
    }
}
