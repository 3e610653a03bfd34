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
