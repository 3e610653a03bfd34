/// What a yamux session knows of one stream.
struct YamuxStreamState: Sendable {
    /// What has arrived and was not read.
    private(set) var received: [UInt8] = []
    /// How much more the peer may send.
    var receiveWindow = YamuxSession.initialWindow
    /// How much more we may send.
    private(set) var sendWindow = YamuxSession.initialWindow
    var isPeerFinished = false
    var isFinished = false
    /// Nobody reads: what arrives is passed over.
    var isDiscarding = false
    private(set) var resetCode: StreamCode?

    /// The window that the peer gave us; more than a window counts is a fault.
    mutating func extendSendWindow(by count: UInt32) throws(YamuxFault) {
        let (sum, overflows) = self.sendWindow.addingReportingOverflow(count)
        guard !overflows else { throw YamuxFault("a window of more than 4 GiB") }
        self.sendWindow = sum
    }

    /// Takes data; true where it is passed over, so that the peer needs a new window.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard !self.isDiscarding, self.resetCode == nil else { return true }
        self.received += bytes
        return false
    }

    /// What is read next.
    mutating func read(maximum: Int) -> [UInt8] {
        let bytes = Array(self.received.prefix(max(maximum, 0)))
        self.received.removeFirst(bytes.count)
        return bytes
    }

    mutating func spend(_ count: Int) { self.sendWindow -= min(self.sendWindow, UInt32(clamping: count)) }

    mutating func discard() {
        self.isDiscarding = true
        self.received = []
    }

    mutating func reset(_ code: StreamCode) {
        self.resetCode = self.resetCode ?? code
        self.received = []
    }
}
