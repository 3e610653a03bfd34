extension EngineConfiguration {
    /// What a client remembers with its ticket, and may rely on in its early data: RFC 9000 §7.4.1, RFC 9221 §3.
    var rememberedLimits: [UInt64] {
        [
            self.flowControl.announcedWindow, self.flowControl.streamWindow, self.streams.bidirectional,
            self.streams.unidirectional, self.migration.activeConnectionIDLimit, self.datagrams.maximumFrameSize,
        ]
    }
}

extension EngineConfiguration.FlowControl {
    /// What the transport parameters say of the connection's window; see ``ConnectionWindow``.
    var announcedWindow: UInt64 { self.connectionWindow - self.grantedWindow }
    /// What the first MAX_DATA frame adds to it.
    var grantedWindow: UInt64 { self.connectionWindow / 8 * 7 }
}
