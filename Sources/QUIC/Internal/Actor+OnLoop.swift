// The door of what the event loop delivers. Router and connections live on one loop, and call each other while a datagram
// is on its way.
//
// `assumeIsolated` would do, but it makes its closure escape and pays an allocation or two, and it asks the executor
// again at every call: measured, more than everything else that this module allocated per datagram. `body` captures
// nothing here; what it needs it is given.

extension Actor {
    /// Runs `body` at once. Only for callers on the actor's event loop: debug builds check that.
    @inline(__always)
    nonisolated func onLoop<R: Sendable>(_ body: @escaping (isolated Self) -> R) -> R {
        assert(self.isEntered)
        // The isolation of a parameter is not part of how a function is called.
        let bare = unsafe unsafeBitCast(body, to: ((Self) -> R).self)
        return bare(self)
    }

    /// The same with something for `body`.
    @inline(__always)
    nonisolated func onLoop<A: Sendable, R: Sendable>(_ argument: A, _ body: @escaping (isolated Self, A) -> R) -> R {
        assert(self.isEntered)
        let bare = unsafe unsafeBitCast(body, to: ((Self, A) -> R).self)
        return bare(self, argument)
    }

    /// The same with bytes that are lent.
    @inline(__always)
    nonisolated func onLoop<A: Sendable>(
        _ bytes: RawSpan, _ argument: A, _ body: @escaping (isolated Self, RawSpan, A) -> Void
    ) {
        assert(self.isEntered)
        let bare = unsafe unsafeBitCast(body, to: ((Self, RawSpan, A) -> Void).self)
        bare(self, bytes, argument)
    }

    /// Ends the process where the caller is elsewhere. The language's own check asks even in release builds.
    nonisolated private var isEntered: Bool {
        self.assertIsolated()
        return true
    }
}
