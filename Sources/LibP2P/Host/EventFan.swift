/// Gives what happens to everybody who listens, each at their own pace.
///
/// Each subscription keeps its latest events until they are read; a slow one loses its oldest and counts them, and
/// holds up nobody. The fan does not hold on to its subscriptions: one that nobody has any more is over.
final class EventFan<Event: Sendable>: Sendable {
    /// Weak, or a subscription that was let go would be filled for ever.
    private struct Listener: Sendable { weak let subscription: EventSubscription<Event>? }

    private struct State: Sendable {
        var listeners: [Listener] = []
        var isFinished = false
    }

    private let state = Signal(State())

    /// Everything from now on; after ``finish()`` a sequence without events.
    func subscribe(capacity: Int = 256) -> EventSubscription<Event> {
        let subscription = EventSubscription<Event>(capacity: capacity)
        let isFinished = self.state.withLock { state in
            state.listeners.removeAll { $0.subscription == nil }
            if !state.isFinished { state.listeners.append(Listener(subscription: subscription)) }
            return state.isFinished
        }
        if isFinished { subscription.finish() }
        return subscription
    }

    func publish(_ event: Event) {
        for subscription in self.live { subscription.offer(event) }
    }

    /// No more events: subscriptions end once theirs are read.
    func finish() {
        let live = self.live
        self.state.withLock { state in
            state.isFinished = true
            state.listeners = []
        }
        for subscription in live { subscription.finish() }
    }

    /// How many subscriptions somebody holds.
    var subscriberCount: Int { self.live.count }

    private var live: [EventSubscription<Event>] { self.state.withLock { $0.listeners.compactMap(\.subscription) } }
}
