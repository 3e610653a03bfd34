internal import Synchronization

@testable internal import LibP2P

/// Keeps what identify hands over.
final class Heard: Sendable {
    private let messages = Mutex<[(PeerID, IdentifyMessage)]>([])

    var all: [(PeerID, IdentifyMessage)] { self.messages.withLock { $0 } }

    func add(_ peer: PeerID, _ message: IdentifyMessage) { self.messages.withLock { $0.append((peer, message)) } }
}
