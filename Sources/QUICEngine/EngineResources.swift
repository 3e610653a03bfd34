internal import Synchronization

/// What the engines of one event loop share: the chunk pool, and counters that show that nothing is left over.
///
///     let resources = EngineResources()
///     // … after the last connection is gone:
///     assert(resources.live == .none)
public final class EngineResources: Sendable {
    /// How many objects of each kind exist.
    public struct Live: Hashable, Sendable {
        /// Engines.
        public var engines = 0
        /// ngtcp2 connections.
        public var connections = 0
        /// GnuTLS sessions.
        public var sessions = 0
        /// Chunks queued, staged or held by the application.
        public var chunks = 0

        /// Nothing at all.
        public static let none = Live()
    }

    enum Kind { case engine, connection, session }

    /// Where chunks come from.
    public let pool: ChunkPool
    private let counters = Mutex(Live())

    /// Creates resources with a pool of their own.
    public init(pool: ChunkPool = ChunkPool()) { self.pool = pool }

    /// What exists now.
    public var live: Live {
        var live = self.counters.withLock { $0 }
        live.chunks = self.pool.liveChunks
        return live
    }

    func count(_ kind: Kind, _ change: Int) {
        self.counters.withLock { live in
            switch kind {
            case .engine: live.engines += change
            case .connection: live.connections += change
            case .session: live.sessions += change
            }
        }
    }
}
