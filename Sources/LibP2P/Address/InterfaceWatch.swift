/// The addresses of this host: as they are at first, and then each time that they have changed. Ends when the task is
/// cancelled.
///
///     for await interfaces in InterfaceWatch() {
///         announce(listening.flatMap { $0.expanded(over: interfaces) })
///     }
///
/// Looks every five seconds: that costs one call of the system, and the kernel's own reports (rtnetlink) would need a
/// socket that the event loops cannot watch.
struct InterfaceWatch: AsyncSequence, Sendable {
    private let read: @Sendable () -> [InterfaceAddress]
    private let pause: @Sendable () async throws -> Void

    /// Watches the interfaces of this host.
    init(every interval: Duration = .seconds(5)) {
        self.init(read: { InterfaceAddress.all() }, pause: { try await Task.sleep(for: interval) })
    }

    /// Watches what `read` returns after each `pause`.
    init(read: @escaping @Sendable () -> [InterfaceAddress], pause: @escaping @Sendable () async throws -> Void) {
        self.read = read
        self.pause = pause
    }

    func makeAsyncIterator() -> Iterator { Iterator(watch: self) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let watch: InterfaceWatch
        private var last: Set<InterfaceAddress>?

        fileprivate init(watch: InterfaceWatch) { self.watch = watch }

        mutating func next(isolation actor: isolated (any Actor)?) async -> [InterfaceAddress]? {
            while !Task.isCancelled {
                if self.last != nil {
                    do { try await self.watch.pause() } catch { return nil }
                }
                let interfaces = self.watch.read()
                // The order says nothing.
                guard Set(interfaces) != self.last else { continue }
                self.last = Set(interfaces)
                return interfaces
            }
            return nil
        }
    }
}
