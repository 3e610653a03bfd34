internal import CNGTCP2

/// A stream's cell in C: the hot call-backs put bytes and acknowledgements there without entering Swift.
///
/// The entry owns it. C is told to forget it before the entry goes: when the stream closes, or by `setEntry(nil, …)`.
@safe struct StreamSink {
    let pointer: UnsafeMutablePointer<tern_sink>

    init() {
        unsafe self.pointer = .allocate(capacity: 1)
        unsafe self.pointer.initialize(to: tern_sink())
    }

    func setOwner(_ entry: StreamEntry) {
        unsafe self.pointer.pointee.entry = Unmanaged.passUnretained(entry).toOpaque()
    }

    func deallocate() { unsafe self.pointer.deallocate() }

    /// Bytes that C put into the open chunk since the last `takeFilled`.
    var filled: Int { unsafe self.pointer.pointee.filled }

    /// Closes the open chunk and returns how many bytes came into it.
    func takeFilled() -> Int {
        let filled = unsafe self.pointer.pointee.filled
        unsafe self.pointer.pointee.filled = 0
        unsafe self.pointer.pointee.room = 0
        return filled
    }

    /// Lets C fill the rest of `chunk`.
    func open(_ chunk: Chunk) {
        unsafe self.pointer.pointee.at = (chunk.storage + chunk.end).assumingMemoryBound(to: UInt8.self)
        unsafe self.pointer.pointee.room = chunk.room
    }
}
