/// A stream whose protocol is agreed on, or taken for granted until the peer says otherwise.
struct NegotiatedStream: Sendable {
    /// What it is for.
    let protocolID: ProtocolID
    /// What carries it.
    let base: any DuplexStream
    /// Bytes of the application that were read with the last message of the negotiation: they come before those of
    /// ``base``.
    var remainder: [UInt8] = []
    /// What must be read before anything of the application's, where the stream was opened lazily.
    var pending: MultistreamInitiator?

    /// The bytes of the application alone. Only where nothing is ``pending``: a lazy stream must be a ``LibP2PStream``.
    var duplex: any DuplexStream {
        self.remainder.isEmpty ? self.base : RemainderStream(self.remainder, before: self.base)
    }
}
