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
    // The library says MAX_DATA when half of the window that it knows of has been consumed. What is unread on other
    // streams never comes back as credit, so with one half of the window unread the other would be held back for ever.
    // It gets to know an eighth, and the peer gets the rest with the end of the handshake: of the initial window no more
    // than a sixteenth is ever held back.

    /// What the transport parameters say.
    var announcedWindow: UInt64 { self.connectionWindow - self.grantedWindow }
    /// What the first MAX_DATA frame adds to it.
    var grantedWindow: UInt64 { self.connectionWindow / 8 * 7 }
    /// How far the announced part may grow, so that both together come to the maximum.
    var maximumAnnouncedWindow: UInt64 {
        max(self.maximumConnectionWindow, self.grantedWindow) - self.grantedWindow
    }
}
