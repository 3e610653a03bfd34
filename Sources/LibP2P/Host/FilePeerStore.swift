internal import QUICIO
internal import Synchronization

/// Keeps what is known of peers in a file that only its owner may read, so that it outlives the process.
///
///     let store = FilePeerStore(path: "\(folder)/peers") { print("warning: \($0)") }
///
/// The file is written whole: with a change, but not again within ten seconds, and with ``flush()``. Whoever reads it finds
/// an old or a new one, never half of it. Nothing that goes wrong stops the host: a warning is given, and the store goes on
/// in memory. A damaged file is set aside as `PATH.damaged`. A file is for one process at a time.
public final class FilePeerStore: PeerStore {
    private struct State: Sendable {
        var book: PeerBook
        var isChanged = false
        /// When writing was tried last; nil: not yet.
        var writtenAt: Int64?
    }

    /// The file.
    public let path: String
    private let state: Mutex<State>
    private let warn: @Sendable (String) -> Void
    private let now: @Sendable () -> Int64

    /// Reads the file, if there is one.
    public convenience init(
        path: String, limits: PeerStoreLimits = PeerStoreLimits(),
        onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(path: path, limits: limits, onWarning: onWarning, now: WallClock.seconds)
    }

    init(
        path: String, limits: PeerStoreLimits, onWarning: @escaping @Sendable (String) -> Void,
        now: @escaping @Sendable () -> Int64
    ) {
        self.path = path
        self.warn = onWarning
        self.now = now
        self.state = Mutex(State(book: Self.load(path, limits, now(), onWarning)))
    }

    deinit { self.flush() }

    /// All peers, those that were used last first.
    public var peers: [PeerID] { self.state.withLock { $0.book.ids } }

    /// What is known of a peer; nil: nothing.
    public func peer(_ id: PeerID) -> StoredPeer? { self.state.withLock { $0.book.peer(id, now: self.now()) } }

    /// Changes what is known of a peer.
    public func update(_ id: PeerID, _ change: (_ peer: inout StoredPeer, _ now: Int64) -> Void) {
        self.change { $0.update(id, now: $1, change) }
    }

    /// Forgets all about a peer, in the file too and at once.
    public func forget(_ id: PeerID) {
        self.change { book, _ in book.forget(id) }
        self.flush()
    }

    /// Writes what is not yet in the file.
    public func flush() {
        let now = self.now()
        self.report(self.state.withLock { $0.isChanged ? self.write(&$0, now) : nil })
    }

    private func change(_ body: (inout PeerBook, Int64) -> Bool) {
        let now = self.now()
        let failure: Errno? = self.state.withLock { state in
            guard body(&state.book, now) else { return nil }
            state.isChanged = true
            // A clock that was put back must not put writing off.
            if let written = state.writtenAt, now >= written, now - written < Self.interval { return nil }
            return self.write(&state, now)
        }
        self.report(failure)
    }

    /// Under the lock, so that an older state never comes after a newer one.
    private func write(_ state: inout State, _ now: Int64) -> Errno? {
        state.writtenAt = now
        do throws(Errno) {
            try PrivateFile.replace(self.path, with: state.book.fileBytes)
            state.isChanged = false
            return nil
        } catch {
            return error
        }
    }

    private func report(_ failure: Errno?) {
        guard let failure else { return }
        self.warn("\(self.path) can't be written, peers are kept in memory only: \(failure)")
    }

    private static func load(
        _ path: String, _ limits: PeerStoreLimits, _ now: Int64, _ warn: (String) -> Void
    ) -> PeerBook {
        do throws(Errno) {
            let contents = try PrivateFile.read(path, limit: Self.maximumFileSize)
            if contents.wasExposed {
                warn("\(path) could be read by other users and no longer can: they may know whom this host talks to")
            }
            if let book = PeerBook(fileBytes: contents.bytes, limits: limits, now: now) { return book }
            try PrivateFile.replace("\(path).damaged", with: contents.bytes)
            warn("\(path) is damaged or from another release: it is set aside as \(path).damaged, and no peer is known")
        } catch {
            if error != .noSuchFile { warn("\(path) can't be read, no peer is known: \(error)") }
        }
        return PeerBook(limits: limits)
    }

    private static let interval: Int64 = 10
    private static let maximumFileSize = 256 << 20
}
