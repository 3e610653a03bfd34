internal import CNGTCP2

// C entry points. Each one unwraps the context, records what happened, returns. No other logic lives here,
// and nothing here calls back into the connection.

/// Lends the context behind `owner`. The engine keeps it alive longer than the C connection, so it is not retained: for
/// small datagrams that was a tenth of what receiving one costs.
@inline(__always)
private func withContext(_ owner: UnsafeMutableRawPointer?, _ body: (CallbackContext) -> Void) -> CInt {
    unsafe answer(owner) {
        body($0)
        return 0
    }
}

/// The same where there is more to answer than that it was recorded.
@inline(__always)
private func answer(_ owner: UnsafeMutableRawPointer?, _ body: (CallbackContext) -> CInt) -> CInt {
    guard let owner = unsafe owner else { return failure }
    return unsafe Unmanaged<CallbackContext>.fromOpaque(owner)._withUnsafeGuaranteedRef { body($0) }
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
            unsafe withContext(owner) { context in
                guard let entry = unsafe entry(pointer) else { return }
                unsafe context.receive(bytes, count: count, isLast: fin != 0, isEarly: early != 0, on: entry)
            }
        }
        unsafe table.pointee.stream_opened = { owner, id in
            unsafe withContext(owner) { $0.openRemote(StreamID(id)) }
        }
        unsafe table.pointee.stream_closed = { owner, _, pointer, hasCode, code, lost in
            unsafe withContext(owner) { context in
                context.statistics.packetsLost &+= lost
                if let entry = unsafe entry(pointer) { context.close(entry, code: hasCode != 0 ? code : nil) }
            }
        }
        unsafe table.pointee.stream_reset = { owner, id, pointer, code in
            unsafe withContext(owner) { context in
                if let entry = unsafe entry(pointer) {
                    context.receiveReset(code: code, on: entry)
                } else {
                    context.receiveResetOfUnopened(StreamID(id), code: code)
                }
            }
        }
        unsafe table.pointee.stop_sending = { owner, id, code in
            _ = unsafe withContext(owner) { $0.receiveStopSending(StreamID(id), code: code) }
        }
        unsafe table.pointee.stream_window = { owner, _, pointer in
            unsafe withContext(owner) { context in
                if let entry = unsafe entry(pointer) { context.unblock(entry) }
            }
        }
        unsafe table.pointee.stream_limit = { owner, bidirectional, _ in
            unsafe withContext(owner) {
                $0.record(.streamsAvailable(bidirectional != 0 ? .bidirectional : .unidirectional))
            }
        }
        unsafe CallbackContext.installLifeHandlers(table)
        unsafe CallbackContext.installAddressHandlers(table)
    }

    private static func installLifeHandlers(_ table: UnsafeMutablePointer<tern_handlers>) {
        unsafe table.pointee.handshake_completed = { owner, rejected in
            unsafe withContext(owner) { context in
                context.completedHandshake = true
                if rejected != 0 { context.rejectEarlyData() }
            }
        }
        unsafe table.pointee.handshake_confirmed = { owner in
            unsafe withContext(owner) { $0.confirmedHandshake = true }
        }
        unsafe table.pointee.key_updated = { owner in
            unsafe withContext(owner) { context in
                // The library makes the next keys in advance: the first time nothing was updated yet, and every further
                // time says that the update before is complete.
                guard context.hasNextKeys else { return context.hasNextKeys = true }
                context.statistics.keyUpdates &+= 1
                context.record(.keysUpdated)
            }
        }
        unsafe table.pointee.datagram = { owner, _, bytes, count in
            unsafe withContext(owner) {
                $0.receiveDatagram(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
            }
        }
        unsafe table.pointee.datagram_acknowledged = { owner, id in
            unsafe withContext(owner) { $0.record(.datagramAcknowledged(id)) }
        }
        unsafe table.pointee.datagram_lost = { owner, id in
            unsafe withContext(owner) { context in
                context.statistics.datagramFramesLost &+= 1
                context.record(.datagramLost(id))
            }
        }
        unsafe table.pointee.versions_offered = { owner, versions, count in
            unsafe withContext(owner) {
                $0.offeredVersions = unsafe UnsafeBufferPointer(start: versions, count: count).map(QUICVersion.init)
            }
        }
        unsafe table.pointee.token_received = { owner, bytes, count in
            unsafe withContext(owner) {
                $0.record(.addressToken(unsafe Array(UnsafeBufferPointer(start: bytes, count: count))))
            }
        }
        unsafe table.pointee.stateless_reset = { owner in
            unsafe withContext(owner) { $0.sawStatelessReset = true }
        }
        unsafe table.pointee.random = { owner, bytes, count in
            guard let bytes = unsafe bytes else { return }
            _ = unsafe withContext(owner) { unsafe $0.fillRandom(bytes, count: count) }
        }
        unsafe table.pointee.log = { owner, line, count in
            guard let line = unsafe line else { return }
            let bytes = unsafe UnsafeRawBufferPointer(start: line, count: count)
            _ = unsafe withContext(owner) { $0.recordLog(unsafe String(decoding: bytes, as: UTF8.self)) }
        }
        unsafe table.pointee.qlog = { owner, bytes, count in
            _ = unsafe withContext(owner) { context in
                context.qlog?.append(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
            }
        }
    }

    private static func installAddressHandlers(_ table: UnsafeMutablePointer<tern_handlers>) {
        unsafe table.pointee.new_connection_id = { owner, id, token, length in
            guard let id = unsafe id, let token = unsafe token else { return failure }
            return unsafe answer(owner) { context in
                let made = context.generator.makeConnectionID(random: context.random)
                // One socket, one length: a generator that breaks its promise would make packets unroutable.
                guard made.count == length else { return failure }
                let resetToken = context.resetToken(for: made)
                unsafe id.pointee = made.cValue
                unsafe resetToken.copy(to: token)
                context.record(.connectionIDIssued(context.connectionIDs.issue(made, resetToken: resetToken)))
                return 0
            }
        }
        unsafe table.pointee.retired_connection_id = { owner, id in
            guard let id = unsafe id else { return failure }
            return unsafe withContext(owner) { context in
                if let retired = context.connectionIDs.retire(ConnectionID(unsafe id.pointee)) {
                    context.record(.connectionIDRetired(retired))
                }
            }
        }
        unsafe table.pointee.peer_connection_id = { owner, activated, number, _, token in
            guard let token = unsafe token else { return 0 }
            let resetToken = unsafe StatelessResetToken(copying: token)
            return unsafe withContext(owner) {
                $0.record(
                    activated != 0
                        ? .resetTokenLearned(resetToken, number: number)
                        : .resetTokenExpired(resetToken, number: number))
            }
        }
        unsafe table.pointee.path_validated = { owner, path, succeeded, preferred in
            guard let path = unsafe path else { return failure }
            guard let path = NetworkPath(unsafe path.pointee) else { return 0 }
            return unsafe withContext(owner) {
                $0.validate(path, succeeded: succeeded != 0, isPreferredAddress: preferred != 0)
            }
        }
    }
}
