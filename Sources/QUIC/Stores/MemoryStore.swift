public import QUICEngine
internal import QUICIO
internal import Synchronization

/// Keeps tickets and tokens for as long as the process lives.
///
///     let store = MemoryStore()
///     store.store(ticket, for: ServerKey(host: "example.org", port: 443, applicationProtocol: "h3"))
public final class MemoryStore: SessionStore, TokenStore {
    private let content: Mutex<StoreContent>
    private let now: @Sendable () -> UInt64

    /// Creates an empty store.
    public convenience init(limits: StoreLimits = StoreLimits()) { self.init(limits: limits, now: WallClock.now) }

    init(limits: StoreLimits, now: @escaping @Sendable () -> UInt64) {
        self.content = Mutex(StoreContent(limits: limits))
        self.now = now
    }

    /// Removes the newest ticket for the server and returns it.
    public func takeTicket(for server: ServerKey) -> ResumptionTicket? {
        self.content.withLock { $0.tickets.take(for: server, now: self.now()) }.flatMap(ResumptionTicket.init)
    }

    /// Keeps a ticket for a later connection to the server.
    public func store(_ ticket: ResumptionTicket, for server: ServerKey) {
        let now = self.now()
        _ = self.content.withLock {
            $0.tickets.store(.init(bytes: ticket.bytes, storedAt: now), for: server, now: now)
        }
    }

    /// Removes the newest token for the server and returns it.
    public func takeToken(for server: ServerKey) -> [UInt8]? {
        self.content.withLock { $0.tokens.take(for: server, now: self.now()) }
    }

    /// Keeps a token for a later connection to the server.
    public func store(token: [UInt8], for server: ServerKey) {
        let now = self.now()
        _ = self.content.withLock { $0.tokens.store(.init(bytes: token, storedAt: now), for: server, now: now) }
    }
}

/// What both kinds of store hold.
struct StoreContent {
    var tickets: ServerCache
    var tokens: ServerCache

    init(limits: StoreLimits) {
        self.tickets = ServerCache(limits: limits)
        self.tokens = ServerCache(limits: limits)
    }
}
