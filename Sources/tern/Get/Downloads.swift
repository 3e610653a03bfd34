import QUIC
import QUICIO
import Synchronization

/// What has come of the files so far; written by one task per stream, read by whoever shows it.
final class Downloads: Sendable {
    struct Result: Sendable {
        let item: GetItem
        var bytes: UInt64 = 0
        var time: Duration = .zero
        /// Bytes that an earlier attempt had left.
        var kept: UInt64 = 0
        var problem: String?
    }

    private struct State {
        var received: UInt64 = 0
        var expected: UInt64 = 0
        /// Files of which the server has said how large they are.
        var sized = 0
        var results: [Result] = []
        var ended: UInt64?
        var waiting: [(mark: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let total: Int
    private let resumes: Bool
    private let begun = MonotonicClock.now()

    init(total: Int, resumes: Bool) {
        self.total = total
        self.resumes = resumes
    }

    var received: UInt64 { self.state.withLock { $0.received } }
    /// How much there will be in all; nil as long as no server has said so of every file.
    var expected: UInt64? { self.state.withLock { $0.sized == self.total ? $0.expected : nil } }
    var results: [Result] { self.state.withLock { $0.results } }

    /// From the start to the end, or to now.
    var time: Duration {
        let end = self.state.withLock { $0.ended } ?? MonotonicClock.now()
        return .nanoseconds(Int64(clamping: end &- self.begun))
    }

    func note(_ result: Result) { self.state.withLock { $0.results.append(result) } }

    /// Waits until so many bytes have come, or none will come any more.
    func reached(_ mark: UInt64) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.received >= mark || state.ended != nil { return true }
                state.waiting.append((mark, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Nothing more will come: nobody needs to wait.
    func end() {
        let waiting = self.state.withLock { state in
            state.ended = state.ended ?? MonotonicClock.now()
            defer { state.waiting = [] }
            return state.waiting
        }
        for entry in waiting { entry.continuation.resume() }
    }

    /// Asks for a file and keeps what comes.
    func fetch(_ item: GetItem, over connection: QUICConnection, _ dialect: FileProtocol) async throws {
        let target = try DownloadTarget(item, continues: self.resumes && dialect == .tern)
        let stream = try await connection.openStream()
        try await stream.write(dialect.request(item.path, from: target.size))
        try stream.finish()
        try await self.receive(item, stream, dialect, target)
    }

    /// Keeps what comes on a stream on which the request was sent.
    func receive(_ item: GetItem, _ stream: QUICStream, _ dialect: FileProtocol, _ target: DownloadTarget) async throws
    {
        let begun = MonotonicClock.now()
        var result = Result(item: item, kept: target.size)
        var size: UInt64?
        do {
            if dialect == .tern {
                let whole = FileProtocol.decode(try await stream.readExactly(8))
                size = whole
                let rest = whole >= target.size ? whole - target.size : 0
                self.state.withLock { state in
                    state.expected &+= rest
                    state.sized += 1
                }
            }
            while let chunk = try await stream.readChunk() {
                try target.append(chunk.bytes)
                result.bytes += UInt64(chunk.count)
                self.count(chunk.count)
            }
            if let size, size != target.size {
                throw DownloadFailure(
                    "\(target.size) bytes came of \(size): the file changed meanwhile, fetch it again")
            }
            try target.finish()
        } catch {
            result.problem = Self.words(error)
        }
        result.time = MonotonicClock.elapsed(since: begun)
        self.note(result)
        if Task.isCancelled { throw CancellationError() }
    }

    private func count(_ bytes: Int) {
        let due = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.received &+= UInt64(bytes)
            guard !state.waiting.isEmpty else { return [] }
            let received = state.received
            let due = state.waiting.filter { $0.mark <= received }.map(\.continuation)
            state.waiting.removeAll { $0.mark <= received }
            return due
        }
        for continuation in due { continuation.resume() }
    }

    /// What a person can do something with.
    static func words(_ error: any Error) -> String {
        if let error = error as? QUICError, error.code == .streamReset || error.code == .streamStopped,
            let refusal = error.applicationCode.flatMap(FileProtocol.Refusal.init(rawValue:))
        {
            return refusal.words
        }
        return Complaint.words(error)
    }
}

/// A download did not come to its end.
struct DownloadFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Where the bytes of one file go. They come into `NAME.part`, which becomes `NAME` when all are here.
final class DownloadTarget: @unchecked Sendable {
    // Sendable because only the task of one stream has it.
    private let file: DiskFile?
    private let name: String?
    private(set) var size: UInt64 = 0

    init(_ item: GetItem, continues: Bool) throws {
        guard let name = item.destination, name != "-" else {
            (self.file, self.name) = (nil, item.destination)
            return
        }
        do throws(Errno) {
            self.file = try DiskFile.create("\(name).part", keepingContents: continues)
        } catch {
            throw DownloadFailure("\(name).part can't be written: \(error.message)")
        }
        self.name = name
        self.size = self.file?.size ?? 0
    }

    func append(_ bytes: [UInt8]) throws {
        if let file {
            try file.write(bytes, at: self.size)
        } else if self.name == "-" {
            try Terminal.write(bytes)
        }
        self.size += UInt64(bytes.count)
    }

    func finish() throws {
        guard self.file != nil, let name else { return }
        try DiskFile.rename("\(name).part", to: name)
    }
}
