internal import CNGTCP2

// C entry points. Each one unwraps the context, records what happened, returns. No other logic lives here,
// and nothing here calls back into the connection.

/// The context behind `owner`: borrowed, the engine keeps it alive longer than the C connection.
@inline(__always)
private func context(_ owner: UnsafeMutableRawPointer?) -> CallbackContext? {
    guard let owner = unsafe owner else { return nil }
    return unsafe Unmanaged<CallbackContext>.fromOpaque(owner).takeUnretainedValue()
}

@inline(__always)
private func entry(_ pointer: UnsafeMutableRawPointer?) -> StreamEntry? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<StreamEntry>.fromOpaque(pointer).takeUnretainedValue()
}

private let failure = CInt(NGTCP2_ERR_CALLBACK_FAILURE)

/// A table of C functions at a fixed address. It is filled once and lives as long as the process.
@safe struct HandlerTable: @unchecked Sendable {
    let pointer: UnsafePointer<tern_handlers>

    init(_ fill: (UnsafeMutablePointer<tern_handlers>) -> Void) {
        let table = UnsafeMutablePointer<tern_handlers>.allocate(capacity: 1)
        unsafe table.initialize(to: tern_handlers())
        unsafe fill(table)
        unsafe self.pointer = UnsafePointer(table)
    }
}

extension CallbackContext {
    /// The table that every connection shares. It lives as long as the process.
    static let handlers = unsafe HandlerTable { table in
        unsafe table.pointee.stream_data = { owner, id, pointer, fin, early, bytes, count in
            guard let context = unsafe context(owner) else { return failure }
            guard let entry = unsafe entry(pointer) else { return 0 }
            unsafe context.receive(bytes, count: count, isLast: fin != 0, isEarly: early != 0, on: entry)
            return 0
        }
        unsafe table.pointee.stream_opened = { owner, id in
            guard let context = unsafe context(owner) else { return failure }
            context.openRemote(StreamID(id))
            return 0
        }
        unsafe table.pointee.stream_closed = { owner, _, pointer, hasCode, code, lost in
            guard let context = unsafe context(owner) else { return failure }
            context.statistics.packetsLost &+= lost
            if let entry = unsafe entry(pointer) { context.close(entry, code: hasCode != 0 ? code : nil) }
            return 0
        }
        unsafe table.pointee.stream_reset = { owner, id, pointer, code in
            guard let context = unsafe context(owner) else { return failure }
            if let entry = unsafe entry(pointer) {
                context.receiveReset(code: code, on: entry)
            } else {
                context.receiveResetOfUnopened(StreamID(id), code: code)
            }
            return 0
        }
        unsafe table.pointee.stop_sending = { owner, id, code in
            unsafe context(owner)?.receiveStopSending(StreamID(id), code: code)
        }
        unsafe table.pointee.stream_window = { owner, _, pointer in
            guard let context = unsafe context(owner) else { return failure }
            if let entry = unsafe entry(pointer) { context.unblock(entry) }
            return 0
        }
        unsafe table.pointee.stream_limit = { owner, bidirectional, _ in
            guard let context = unsafe context(owner) else { return failure }
            context.record(.streamsAvailable(bidirectional != 0 ? .bidirectional : .unidirectional))
            return 0
        }
        unsafe CallbackContext.installLifeHandlers(table)
        unsafe CallbackContext.installAddressHandlers(table)
    }

    private static func installLifeHandlers(_ table: UnsafeMutablePointer<tern_handlers>) {
        unsafe table.pointee.handshake_completed = { owner, rejected in
            guard let context = unsafe context(owner) else { return failure }
            context.completedHandshake = true
            if rejected != 0 { context.rejectEarlyData() }
            return 0
        }
        unsafe table.pointee.handshake_confirmed = { owner in
            guard let context = unsafe context(owner) else { return failure }
            context.confirmedHandshake = true
            return 0
        }
        unsafe table.pointee.key_updated = { owner in
            guard let context = unsafe context(owner) else { return failure }
            // The library makes the next keys in advance: the first time nothing was updated yet, and every further
            // time says that the update before is complete.
            guard context.hasNextKeys else {
                context.hasNextKeys = true
                return 0
            }
            context.statistics.keyUpdates &+= 1
            context.record(.keysUpdated)
            return 0
        }
        unsafe table.pointee.datagram = { owner, _, bytes, count in
            guard let context = unsafe context(owner) else { return failure }
            context.receiveDatagram(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
        unsafe table.pointee.datagram_acknowledged = { owner, id in
            guard let context = unsafe context(owner) else { return failure }
            context.record(.datagramAcknowledged(id))
            return 0
        }
        unsafe table.pointee.datagram_lost = { owner, id in
            guard let context = unsafe context(owner) else { return failure }
            context.statistics.datagramFramesLost &+= 1
            context.record(.datagramLost(id))
            return 0
        }
        unsafe table.pointee.versions_offered = { owner, versions, count in
            guard let context = unsafe context(owner) else { return failure }
            context.offeredVersions = unsafe UnsafeBufferPointer(start: versions, count: count).map(QUICVersion.init)
            return 0
        }
        unsafe table.pointee.token_received = { owner, bytes, count in
            guard let context = unsafe context(owner) else { return failure }
            context.record(.addressToken(unsafe Array(UnsafeBufferPointer(start: bytes, count: count))))
            return 0
        }
        unsafe table.pointee.stateless_reset = { owner in
            guard let context = unsafe context(owner) else { return failure }
            context.sawStatelessReset = true
            return 0
        }
        unsafe table.pointee.random = { owner, bytes, count in
            guard let context = unsafe context(owner), let bytes = unsafe bytes else { return }
            unsafe context.fillRandom(bytes, count: count)
        }
        unsafe table.pointee.log = { owner, line, count in
            guard let context = unsafe context(owner), let line = unsafe line else { return }
            let bytes = unsafe UnsafeRawBufferPointer(start: line, count: count)
            context.recordLog(unsafe String(decoding: bytes, as: UTF8.self))
        }
        unsafe table.pointee.qlog = { owner, bytes, count in
            guard let sink = unsafe context(owner)?.qlog else { return }
            sink.append(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
        }
    }

    private static func installAddressHandlers(_ table: UnsafeMutablePointer<tern_handlers>) {
        unsafe table.pointee.new_connection_id = { owner, id, token, length in
            guard let context = unsafe context(owner), let id = unsafe id, let token = unsafe token else {
                return failure
            }
            let made = context.generator.makeConnectionID(random: context.random)
            // One socket, one length: a generator that breaks its promise would make packets unroutable.
            guard made.count == length else { return failure }
            let resetToken = context.resetToken(for: made)
            unsafe id.pointee = made.cValue
            unsafe resetToken.copy(to: token)
            context.record(.connectionIDIssued(context.connectionIDs.issue(made, resetToken: resetToken)))
            return 0
        }
        unsafe table.pointee.retired_connection_id = { owner, id in
            guard let context = unsafe context(owner), let id = unsafe id else { return failure }
            if let retired = context.connectionIDs.retire(ConnectionID(unsafe id.pointee)) {
                context.record(.connectionIDRetired(retired))
            }
            return 0
        }
        unsafe table.pointee.peer_connection_id = { owner, activated, number, _, token in
            guard let context = unsafe context(owner) else { return failure }
            guard let token = unsafe token else { return 0 }
            let resetToken = unsafe StatelessResetToken(copying: token)
            context.record(
                activated != 0
                    ? .resetTokenLearned(resetToken, number: number) : .resetTokenExpired(resetToken, number: number))
            return 0
        }
        unsafe table.pointee.path_validated = { owner, path, succeeded, preferred in
            guard let context = unsafe context(owner), let path = unsafe path else { return failure }
            guard let path = NetworkPath(unsafe path.pointee) else { return 0 }
            context.validate(path, succeeded: succeeded != 0, isPreferredAddress: preferred != 0)
            return 0
        }
    }
}
