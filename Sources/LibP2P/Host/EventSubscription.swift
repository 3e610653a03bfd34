/// Events for one listener, in their order: from the moment of the subscription until the host stops.
///
///     for await event in host.events() {
///         if case .connected(let connection, _) = event { print("\(connection.peer) is here") }
///     }
///
/// The latest 256 are kept until they are read. Whoever reads too slowly loses the oldest; ``droppedCount`` says how many.
/// Several tasks that read one subscription share its events. When a task is cancelled its loop ends, and no event is lost.
public final class EventSubscription<Event: Sendable>: AsyncSequence, Sendable {
    private struct Backlog: Sendable {
        var events: [Event] = []
        /// Where the oldest event is, so that dropping it moves nothing.
        var start = 0
        var dropped: UInt64 = 0
        var isFinished = false
    }

    private let capacity: Int
    private let backlog = Signal(Backlog())

    init(capacity: Int) { self.capacity = capacity > 0 ? capacity : 1 }

    /// How many events came and were never read because there was no room.
    public var droppedCount: UInt64 { self.backlog.withLock { $0.dropped } }

    /// Waits for events.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// Reads the events one by one.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: EventSubscription

        /// The next event; nil once the host has stopped, or when the task is cancelled.
        public mutating func next() async -> Event? { await self.subscription.next() }

        /// The next event; nil once the host has stopped, or when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Event? {
            await self.subscription.next()
        }
    }

    func offer(_ event: Event) {
        self.backlog.update { backlog in
            guard !backlog.isFinished else { return }
            if backlog.events.count < self.capacity {
                backlog.events.append(event)
            } else {
                // A ring: the newest takes the place of the oldest.
                backlog.events[backlog.start] = event
                backlog.start = (backlog.start + 1) % self.capacity
                backlog.dropped &+= 1
            }
        }
    }

    func finish() { self.backlog.update { $0.isFinished = true } }

    private func next() async -> Event? {
        // An answer without an event is the end.
        try? await self.backlog.wait { backlog -> Event?? in
            guard !backlog.events.isEmpty else { return backlog.isFinished ? .some(nil) : nil }
            if backlog.start > 0 {
                backlog.events = Array(backlog.events[backlog.start...] + backlog.events[..<backlog.start])
                backlog.start = 0
            }
            return .some(backlog.events.removeFirst())
        }
    }
}
