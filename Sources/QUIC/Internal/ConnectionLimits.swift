internal import QUICEngine

/// The numbers of a configuration that its streams need, without the rest of it.
struct ConnectionLimits: Sendable {
    /// Consumed bytes that are worth a turn of the loop: a quarter of a stream's window, so that it never runs dry.
    let creditThreshold: Int
    /// What a writer may be ahead of the loop: enough that it need not be woken for every burst.
    let writeBuffer: Int

    init(_ configuration: EngineConfiguration) {
        self.creditThreshold = Int(clamping: configuration.flowControl.streamWindow / 4)
        self.writeBuffer = configuration.flowControl.sendBuffer * 2
    }
}
