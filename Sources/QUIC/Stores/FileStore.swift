public import QUICEngine
internal import QUICIO
internal import Synchronization

/// Keeps tickets and tokens in a file that only its owner may read, so that they outlive the process.
///
///     let store = FileStore(path: "\(cacheFolder)/tickets") { print("warning: \($0)") }
///
/// The file is written whole at every change, and each call that changes something waits for the disk. Nothing that goes
/// wrong stops a connection: a warning is given, and the store goes on in memory. A file is for one process at a time;
/// if two share it, the last one to write wins, and a ticket may be used twice.
public final class FileStore: SessionStore, TokenStore {
    /// The file.
    public let path: String
    private let content: Mutex<StoreContent>
    private let warn: @Sendable (String) -> Void
    private let now: @Sendable () -> UInt64

    /// Reads the file, if there is one. What can't be read is ignored, and written over with the first change.
    public convenience init(
        path: String, limits: StoreLimits = StoreLimits(), onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(path: path, limits: limits, onWarning: onWarning, now: WallClock.now)
    }

    init(
        path: String, limits: StoreLimits, onWarning: @escaping @Sendable (String) -> Void,
        now: @escaping @Sendable () -> UInt64
    ) {
        self.path = path
        self.warn = onWarning
        self.now = now
        self.content = Mutex(Self.load(path, limits, now(), onWarning))
    }

    /// Removes the newest ticket for the server, from the file too, and returns it.
    public func takeTicket(for server: ServerKey) -> ResumptionTicket? {
        self.take { $0.tickets.take(for: server, now: $1) }.flatMap(ResumptionTicket.init)
    }

    /// Keeps a ticket for a later connection to the server.
    public func store(_ ticket: ResumptionTicket, for server: ServerKey) {
        self.change { $0.tickets.store(.init(bytes: ticket.bytes, storedAt: $1), for: server, now: $1) }
    }

    /// Removes the newest token for the server, from the file too, and returns it.
    public func takeToken(for server: ServerKey) -> [UInt8]? {
        self.take { $0.tokens.take(for: server, now: $1) }
    }

    /// Keeps a token for a later connection to the server.
    public func store(token: [UInt8], for server: ServerKey) {
        self.change { $0.tokens.store(.init(bytes: token, storedAt: $1), for: server, now: $1) }
    }

    private func take(_ body: (inout StoreContent, UInt64) -> [UInt8]?) -> [UInt8]? {
        var taken: [UInt8]?
        self.change { content, now in
            taken = body(&content, now)
            return taken != nil
        }
        return taken
    }

    /// The lock is held while the file is written, so that an older state never comes after a newer one.
    private func change(_ body: (inout StoreContent, UInt64) -> Bool) {
        let failure: Errno? = self.content.withLock { content in
            guard body(&content, self.now()) else { return nil }
            do throws(Errno) {
                try PrivateFile.replace(self.path, with: content.fileBytes)
                return nil
            } catch {
                return error
            }
        }
        if let failure { self.warn("\(self.path) can't be written, tickets are kept in memory only: \(failure)") }
    }

    private static func load(
        _ path: String, _ limits: StoreLimits, _ now: UInt64, _ warn: (String) -> Void
    ) -> StoreContent {
        let empty = StoreContent(limits: limits)
        do throws(Errno) {
            let contents = try PrivateFile.read(path, limit: Self.maximumFileSize)
            if contents.wasExposed {
                warn(
                    "\(path) could be read by other users and no longer can: tickets in it may be known, delete it if they matter"
                )
            }
            guard let content = StoreContent(fileBytes: contents.bytes, limits: limits, now: now) else {
                warn("\(path) is damaged or from another release: its tickets are ignored")
                return empty
            }
            return content
        } catch {
            if error != .noSuchFile { warn("\(path) can't be read, its tickets are ignored: \(error)") }
            return empty
        }
    }

    private static let maximumFileSize = 64 << 20
}
