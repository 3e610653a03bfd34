internal import Synchronization

/// Takes the qlog trace of a connection, up to a bound: a trace must never eat the memory it describes.
///
///     let sink = QlogSink(capacity: 16 << 20)
///     configuration.diagnostics.qlog = sink
///     // … later, on any thread:
///     let trace = sink.take()
public final class QlogSink: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var dropped: UInt64 = 0
    }

    /// How many bytes are kept between two calls of ``take()``.
    public let capacity: Int
    /// Writes qlog although the library's version number says that its writer overflows.
    ///
    /// Debian ships patched builds of 0.12.1 and 1.11 whose number did not change. Only you can know.
    public let trustsLibrary: Bool
    private let state = Mutex(State())

    /// Creates a sink that keeps at most `capacity` bytes.
    public init(capacity: Int = 16 << 20, trustsLibrary: Bool = false) {
        self.capacity = max(capacity, 0)
        self.trustsLibrary = trustsLibrary
    }

    /// Returns what was written since the last call.
    public func take() -> [UInt8] {
        self.state.withLock { state in
            defer { state.bytes = [] }
            return state.bytes
        }
    }

    /// Bytes that found no room. A trace with a gap is of no use to tools, so nothing follows a gap.
    public var dropped: UInt64 { self.state.withLock { $0.dropped } }

    func append(_ bytes: [UInt8]) {
        self.state.withLock { state in
            guard state.dropped == 0, state.bytes.count + bytes.count <= self.capacity else {
                state.dropped &+= UInt64(bytes.count)
                return
            }
            state.bytes += bytes
        }
    }
}
