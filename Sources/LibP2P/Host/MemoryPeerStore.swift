internal import QUICIO
internal import Synchronization

/// Keeps what is known of peers until the process ends.
public final class MemoryPeerStore: PeerStore {
    private let book: Mutex<PeerBook>
    private let now: @Sendable () -> Int64

    /// A store that knows nobody.
    public convenience init(limits: PeerStoreLimits = PeerStoreLimits()) {
        self.init(limits: limits, now: WallClock.seconds)
    }

    init(limits: PeerStoreLimits, now: @escaping @Sendable () -> Int64) {
        self.book = Mutex(PeerBook(limits: limits))
        self.now = now
    }

    /// All peers, those that were used last first.
    public var peers: [PeerID] { self.book.withLock { $0.ids } }

    /// What is known of a peer; nil: nothing.
    public func peer(_ id: PeerID) -> StoredPeer? { self.book.withLock { $0.peer(id, now: self.now()) } }

    /// Changes what is known of a peer.
    public func update(_ id: PeerID, _ change: (_ peer: inout StoredPeer, _ now: Int64) -> Void) {
        self.book.withLock { _ = $0.update(id, now: self.now(), change) }
    }

    /// Forgets all about a peer.
    public func forget(_ id: PeerID) { self.book.withLock { _ = $0.forget(id) } }
}
