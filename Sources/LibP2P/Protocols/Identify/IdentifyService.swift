/// Says who we are when asked, asks peers, and takes and gives the news.
///
/// What there is to say, and what becomes of what is heard, is the host's business.
final class IdentifyService: Sendable {
    /// What to say on a stream: the observed address depends on its connection.
    typealias Message = @Sendable (_ stream: LibP2PStream) async throws(LibP2PError) -> IdentifyMessage
    /// Takes what a peer said on a stream. Throws where it is not to be believed.
    typealias Heard = @Sendable (_ stream: LibP2PStream, _ message: IdentifyMessage) async throws(LibP2PError) -> Void

    /// How many peers are told at the same time that something changed.
    static let maximumPushCount = 32

    private let message: Message
    private let heard: Heard
    private let time: TimeSource
    private let requests = PeerStreamCounter(limit: 4, name: "identify streams per peer")
    private let pushes = PeerStreamCounter(limit: 2, name: "identify push streams per peer")

    init(time: TimeSource = .continuous, message: @escaping Message, heard: @escaping Heard) {
        self.message = message
        self.heard = heard
        self.time = time
    }

    /// The handler of ``Identify/protocolID``: a peer asks.
    func serve(_ stream: LibP2PStream) async throws(LibP2PError) {
        try await self.requests.admit(stream) { () async throws(LibP2PError) in
            try await Identify.send(try await self.message(stream), on: stream, time: self.time)
        }
    }

    /// The handler of ``Identify/pushProtocolID``: a peer tells what changed.
    func servePush(_ stream: LibP2PStream) async throws(LibP2PError) {
        try await self.pushes.admit(stream) { () async throws(LibP2PError) in
            try await self.heard(stream, try await Identify.receive(on: stream, time: self.time))
        }
    }

    /// Asks a peer, on a stream of ``Identify/protocolID``, who talks first.
    func ask(on stream: LibP2PStream) async throws(LibP2PError) {
        // Our direction carries nothing: the peer may know at once.
        try await stream.closeWrite()
        try await self.heard(stream, try await Identify.receive(on: stream, time: self.time))
    }

    /// Tells a peer what changed, on a stream of ``Identify/pushProtocolID``.
    func push(on stream: LibP2PStream) async throws(LibP2PError) {
        try await Identify.send(try await self.message(stream), on: stream, time: self.time)
        await stream.close()
    }

    /// Tells many peers, a few at a time. `open` opens the stream; peers that cannot be told are left out.
    func push<Target: Sendable>(
        to targets: [Target], open: @escaping @Sendable (Target) async throws(LibP2PError) -> LibP2PStream
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, target) in targets.enumerated() {
                if index >= Self.maximumPushCount { await group.next() }
                group.addTask {
                    do throws(LibP2PError) {
                        try await self.push(on: try await open(target))
                    } catch {
                        // Not every peer speaks it, and one that is gone will ask again.
                    }
                }
            }
        }
    }
}
