internal import QUICEngine

/// The numbers of a configuration that its streams need, without the rest of it.
struct ConnectionLimits: Sendable {
    /// Bytes consumed on one stream that are worth a turn of the loop: a quarter of a stream's window, so that it never runs
    /// dry.
    let creditThreshold: Int
    /// The same for what was consumed on all streams: a sixteenth of the connection's window. Of that, unread bytes of some
    /// streams may leave little to the others.
    let connectionCreditThreshold: Int
    /// What a writer may be ahead of the loop: enough that it need not be woken for every burst.
    let writeBuffer: Int

    init(_ configuration: EngineConfiguration) {
        self.creditThreshold = Int(clamping: configuration.flowControl.streamWindow / 4)
        self.connectionCreditThreshold = max(Int(clamping: configuration.flowControl.connectionWindow / 16), 1)
        self.writeBuffer = configuration.flowControl.sendBuffer * 2
    }
}
