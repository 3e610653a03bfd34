internal import CNGTCP2

/// The owner of one `ngtcp2_conn` and its TLS session. Every C call on a connection is a method here.
///
/// Life: context → connection → session; freed in the order connection, session, context. Nothing here may be
/// called inside a call-back: ``CallbackContext/entering(_:)`` traps that.
@safe final class NGTCP2Connection {
    let callbacks: CallbackContext
    /// Nil once nothing more can come of it.
    private(set) var tls: TLSSession?
    private let context: UnsafeMutablePointer<tern_context>
    private let resources: EngineResources

    /// What the two `…_new` functions need.
    struct Parameters {
        let isServer: Bool
        let destination: ConnectionID
        let source: ConnectionID
        let path: NetworkPath
        let version: QUICVersion
    }

    init(
        _ parameters: Parameters, mapping: SettingsMapping, callbacks: CallbackContext, resources: EngineResources,
        makeSession: () throws(EngineError) -> TLSSession
    ) throws(EngineError) {
        let context = UnsafeMutablePointer<tern_context>.allocate(capacity: 1)
        let owner = unsafe Unmanaged.passUnretained(callbacks).toOpaque()
        unsafe tern_context_init(context, CallbackContext.handlers.pointer, owner, parameters.isServer ? 1 : 0)
        unsafe context.pointee.follows_preferred_address = mapping.followsPreferredAddress ? 1 : 0
        unsafe context.pointee.protection.is_wanted = mapping.sealsPackets ? 1 : 0
        do throws(EngineError) {
            let tls = try makeSession()
            unsafe context.pointee.offered_early_data = tls.offersEarlyData ? 1 : 0
            try unsafe Self.open(context, parameters, mapping)
            let bound = unsafe tern_bind_session(context, tls.handle)
            guard bound == 0 else { throw EngineError(.refusedByLibrary, "joining TLS and QUIC failed") }
            self.tls = tls
            callbacks.session = tls
        } catch {
            unsafe tern_connection_free(context)
            unsafe context.deallocate()
            throw error
        }
        unsafe self.context = context
        self.callbacks = callbacks
        self.resources = resources
        unsafe callbacks.connection = unsafe context.pointee.connection
        resources.count(.connection, 1)
    }

    deinit {
        // The last qlog event is written while the connection goes, so the call-backs are still needed.
        self.callbacks.entering { unsafe tern_connection_free(self.context) }
        unsafe self.callbacks.connection = nil
        // The session goes a moment later, and must not point to what is freed here.
        if let tls = self.tls { unsafe gnutls_session_set_ptr(tls.handle, nil) }
        unsafe self.context.deallocate()
        self.resources.count(.connection, -1)
    }

    private static func open(
        _ context: UnsafeMutablePointer<tern_context>, _ parameters: Parameters, _ mapping: SettingsMapping
    ) throws(EngineError) {
        var destination = parameters.destination.cValue
        var source = parameters.source.cValue
        var path = parameters.path.cValue
        let result = unsafe mapping.withCValues { settings, transport in
            unsafe tern_connection_new(
                context, &destination, &source, &path, parameters.version.rawValue, settings, transport)
        }
        guard result == 0 else {
            throw EngineError(.refusedByLibrary, "ngtcp2 refused to make a connection: \(LibraryResult(result).text)")
        }
    }

    /// How many keys for 1-RTT packets are kept here besides the library's, how many of those seal and open packets, and
    /// how many mask headers.
    var ownKeys: (all: Int, proven: Int, masks: Int) {
        unsafe withUnsafePointer(to: self.context.pointee.protection) { keys in
            unsafe (
                Int(tern_protection_count(keys, 0)), Int(tern_protection_count(keys, 1)),
                Int(tern_protection_mask_count(keys))
            )
        }
    }

    // MARK: Packets

    /// Reads datagrams of `segmentSize` bytes each, up to the first that does not succeed; says how far it came.
    func read(
        _ datagrams: RawSpan, segmentSize: Int, path: NetworkPath, ecn: ECN, now: EngineInstant
    ) -> (result: LibraryResult, consumed: Int) {
        var path = path.cValue
        var consumed = 0
        let result = self.callbacks.entering {
            unsafe datagrams.withUnsafeBytes { raw in
                unsafe tern_read(
                    self.context, &path, ecn.rawValue, raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count,
                    max(segmentSize, 1), now.nanoseconds, &consumed)
            }
        }
        self.collectAcknowledged()
        // What is left was for streams that are over.
        if !self.callbacks.earlyStops.isEmpty { self.callbacks.earlyStops.removeAll() }
        return (LibraryResult(result), consumed)
    }

    /// Streams whose acknowledged offset moved: their chunks go back to the pool.
    private func collectAcknowledged() {
        while let sink = unsafe self.context.pointee.acknowledged {
            unsafe self.context.pointee.acknowledged = unsafe sink.pointee.next_acknowledged
            unsafe sink.pointee.is_listed = 0
            guard let owner = unsafe sink.pointee.entry else { continue }
            let entry = unsafe Unmanaged<StreamEntry>.fromOpaque(owner).takeUnretainedValue()
            self.callbacks.acknowledge(upTo: unsafe sink.pointee.acknowledged, on: entry)
        }
    }

    /// How a run of packets went.
    struct Run {
        let pathGeneration: UInt32
        let path: tern_path
        let ecn: ECN
        let bytes: Int
        let packets: Int
        let segment: Int
        let accepted: Int
        /// Above 0: the size of one more packet that is longer, or for another path, than the run.
        let result: Int
    }

    /// Offers the stream's next bytes for at most `packets` packets of `payload` bytes.
    func writeRun(
        _ entry: StreamEntry, to target: UnsafeMutablePointer<UInt8>, capacity: Int, payload: Int, packets: Int,
        now: EngineInstant
    ) -> Run {
        var vectors = unsafe (ngtcp2_vec(), ngtcp2_vec(), ngtcp2_vec(), ngtcp2_vec())
        let unsent = entry.sendQueue.unsent
        var offered = 0
        var run = tern_run()
        unsafe withUnsafeMutableBytes(of: &vectors) { raw in
            let vectors = unsafe raw.assumingMemoryBound(to: ngtcp2_vec.self)
            var count = 0
            // The library adds them all up for each packet: none beyond what there is room for.
            while count < vectors.count, offered < capacity, let piece = unsafe entry.sendQueue.piece(count) {
                let address = unsafe piece.address.assumingMemoryBound(to: UInt8.self)
                unsafe vectors[count] = unsafe ngtcp2_vec(base: address, len: piece.count)
                offered += unsafe piece.count
                count += 1
            }
            let isLast = entry.wantsFIN && offered == unsent
            self.callbacks.entering {
                unsafe tern_write_run(
                    self.context, target, capacity, payload, packets, entry.id.rawValue, isLast ? 1 : 0,
                    vectors.baseAddress, count,
                    now.nanoseconds, &run)
            }
        }
        return Run(
            pathGeneration: run.path_generation, path: run.path, ecn: ECN(rawValue: run.ecn) ?? .notCapable,
            bytes: run.bytes,
            packets: run.packets, segment: run.segment, accepted: run.accepted, result: run.result)
    }

    /// Writes or completes a packet without stream data.
    func writeControl(to target: UnsafeMutablePointer<UInt8>, capacity: Int, now: EngineInstant) -> Int {
        var accepted = -1
        return self.callbacks.entering {
            unsafe tern_write(self.context, target, capacity, &accepted, -1, 0, 0, nil, 0, now.nanoseconds)
        }
    }

    func writeDatagram(
        to target: UnsafeMutablePointer<UInt8>, capacity: Int, isAccepted: inout Bool, id: UInt64, payload: [UInt8],
        now: EngineInstant
    ) -> Int {
        var accepted: CInt = 0
        let written = self.callbacks.entering {
            unsafe payload.withUnsafeBufferPointer { bytes in
                var vector = unsafe ngtcp2_vec(
                    base: UnsafeMutablePointer(mutating: bytes.baseAddress), len: bytes.count)
                return unsafe tern_write_datagram(
                    self.context, target, capacity, &accepted, id, &vector, now.nanoseconds)
            }
        }
        isAccepted = accepted != 0
        return written
    }

    /// Writes a CONNECTION_CLOSE packet. `code` was checked to fit 62 bits.
    func writeClose(isApplication: Bool, code: UInt64, reason: [UInt8], now: EngineInstant) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 1_500) { buffer, count in
            let written = self.callbacks.entering {
                unsafe reason.withUnsafeBufferPointer { text in
                    unsafe tern_write_close(
                        self.context, buffer.baseAddress, buffer.count, isApplication ? 1 : 0, code, text.baseAddress,
                        text.count,
                        now.nanoseconds)
                }
            }
            count = max(written, 0)
        }
    }

    func didTransmit(now: EngineInstant) { unsafe tern_did_transmit(self.context, now.nanoseconds) }

    func handleExpiry(now: EngineInstant) -> LibraryResult {
        self.callbacks.entering { LibraryResult(unsafe tern_handle_expiry(self.context, now.nanoseconds)) }
    }

    func continueHandshake(now: EngineInstant) -> LibraryResult {
        defer {
            self.collectAcknowledged()
            self.callbacks.earlyStops.removeAll()
        }
        return self.callbacks.entering { LibraryResult(unsafe tern_continue_handshake(self.context, now.nanoseconds)) }
    }

    /// The last packet as a run of its own.
    func lastPacket(_ size: Int) -> Run {
        Run(
            pathGeneration: unsafe self.context.pointee.transmit_path_generation,
            path: unsafe self.context.pointee.transmit_path,
            ecn: ECN(rawValue: unsafe self.context.pointee.transmit_ecn) ?? .notCapable, bytes: size, packets: 1,
            segment: size,
            accepted: -1, result: 0)
    }

    var transmitPath: NetworkPath? { NetworkPath(unsafe self.context.pointee.transmit_path) }

    // MARK: Streams

    func openStream(_ direction: StreamDirection) -> (result: LibraryResult, id: Int64) {
        var id: Int64 = -1
        let result =
            direction == .bidirectional
            ? unsafe ngtcp2_conn_open_bidi_stream(self.conn, &id, nil)
            : unsafe ngtcp2_conn_open_uni_stream(self.conn, &id, nil)
        return (LibraryResult(result), id)
    }

    /// Lets call-backs find the entry; nil when the entry goes before the library's stream does.
    func setEntry(_ entry: StreamEntry?, of id: StreamID) {
        let pointer = unsafe entry.map { unsafe UnsafeMutableRawPointer($0.sink.pointer) }
        unsafe ngtcp2_conn_set_stream_user_data(self.conn, id.rawValue, pointer)
    }

    func resetStream(_ id: StreamID, code: UInt64) -> LibraryResult {
        self.callbacks.entering { LibraryResult(unsafe tern_reset_stream(self.context, id.rawValue, code)) }
    }

    func stopSending(_ id: StreamID, code: UInt64) -> LibraryResult {
        self.callbacks.entering { LibraryResult(unsafe tern_stop_sending(self.context, id.rawValue, code)) }
    }

    func extendStreamWindow(_ id: StreamID, by count: UInt64) {
        _ = unsafe ngtcp2_conn_extend_max_stream_offset(self.conn, id.rawValue, count)
    }

    func extendConnectionWindow(by count: UInt64) { unsafe ngtcp2_conn_extend_max_offset(self.conn, count) }

    func extendRemoteStreams(_ direction: StreamDirection, by count: Int) {
        if direction == .bidirectional {
            unsafe ngtcp2_conn_extend_max_streams_bidi(self.conn, count)
        } else {
            unsafe ngtcp2_conn_extend_max_streams_uni(self.conn, count)
        }
    }

    var connectionWindowLeft: UInt64 { unsafe ngtcp2_conn_get_max_data_left(self.conn) }
    func streamWindowLeft(_ id: StreamID) -> UInt64 {
        unsafe ngtcp2_conn_get_max_stream_data_left(self.conn, id.rawValue)
    }
    func streamsLeft(_ direction: StreamDirection) -> UInt64 {
        direction == .bidirectional
            ? unsafe ngtcp2_conn_get_streams_bidi_left(self.conn) : unsafe ngtcp2_conn_get_streams_uni_left(self.conn)
    }
    func lostPackets(of id: StreamID) -> UInt64 {
        UInt64(unsafe ngtcp2_conn_get_stream_loss_count(self.conn, id.rawValue))
    }

    // MARK: Time, paths, keys

    var expiry: UInt64 { unsafe ngtcp2_conn_get_expiry(self.conn) }
    var probeTimeout: UInt64 { unsafe ngtcp2_conn_get_pto(self.conn) }
    var sendQuantum: Int { unsafe ngtcp2_conn_get_send_quantum(self.conn) }
    var maximumPayload: Int { unsafe ngtcp2_conn_get_max_tx_udp_payload_size(self.conn) }
    var pathMaximumPayload: Int { unsafe ngtcp2_conn_get_path_max_tx_udp_payload_size(self.conn) }

    /// An interval near the end of time would wrap inside the library.
    func setKeepAlive(_ interval: UInt64) {
        unsafe ngtcp2_conn_set_keep_alive_timeout(self.conn, min(interval, UInt64(Int64.max)))
    }

    var path: NetworkPath? {
        var path = tern_path()
        unsafe tern_current_path(self.context, &path)
        return NetworkPath(path)
    }

    func migrate(to path: NetworkPath, immediately: Bool, now: EngineInstant) -> LibraryResult {
        var path = path.cValue
        return self.callbacks.entering {
            LibraryResult(unsafe tern_migrate(self.context, &path, immediately ? 1 : 0, now.nanoseconds))
        }
    }

    func updateKeys(now: EngineInstant) -> LibraryResult {
        self.callbacks.entering { LibraryResult(unsafe tern_update_keys(self.context, now.nanoseconds)) }
    }

    // MARK: TLS and the peer

    /// Frees the memory of TLS. From a server's client nothing of it may come after the handshake.
    func releaseSession() {
        self.callbacks.requireOutside()
        guard self.tls != nil else { return }
        unsafe tern_unbind_session(self.context)
        self.tls = nil
    }

    var tlsAlert: UInt8 { unsafe ngtcp2_conn_get_tls_alert(self.conn) }

    var negotiatedVersion: QUICVersion { QUICVersion(unsafe ngtcp2_conn_get_negotiated_version(self.conn)) }

    var peerParameters: tern_parameters? {
        var parameters = tern_parameters()
        return unsafe tern_peer_parameters(self.context, &parameters) != 0 ? parameters : nil
    }

    var destination: ConnectionID { ConnectionID(unsafe ngtcp2_conn_get_dcid(self.conn).pointee) }

    var destinationLength: Int { unsafe ngtcp2_conn_get_dcid(self.conn).pointee.datalen }

    func earlyParameters() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = max(unsafe tern_encode_early_parameters(self.context, buffer.baseAddress, buffer.count), 0)
        }
    }

    func useEarlyParameters(_ bytes: [UInt8]) -> Bool {
        unsafe tern_use_early_parameters(self.context, bytes, bytes.count) == 0
    }

    /// The library asserts that there is a token, and one that fits no packet would never be sent.
    func submitToken(_ token: [UInt8]) {
        guard 1...512 ~= token.count else { return }
        _ = unsafe ngtcp2_conn_submit_new_token(self.conn, token, token.count)
    }

    var peerClose: (isApplication: Bool?, code: UInt64, reason: String) {
        var close = unsafe tern_close_reason()
        unsafe tern_peer_close(self.context, &close)
        let text = unsafe UnsafeBufferPointer(start: close.text, count: close.text_length)
        let isApplication: Bool? = unsafe close.kind == 0 ? false : close.kind == 1 ? true : nil
        return unsafe (isApplication, close.code, unsafe String(decoding: text, as: UTF8.self))
    }

    var info: tern_info {
        var info = tern_info()
        unsafe tern_connection_info(self.context, &info)
        return info
    }

    private var conn: OpaquePointer? { unsafe self.context.pointee.connection }
}

extension NGTCP2Connection {
    /// Whether the server asked us to show first that our address is our own.
    var sawRetry: Bool { unsafe self.context.pointee.saw_retry != 0 }

    var peerForbidsMigration: Bool { self.peerParameters?.disables_active_migration == 1 }

    /// The peer's largest DATAGRAM frame; nil while it is not known.
    var datagramLimit: Int? {
        let limit = unsafe tern_peer_datagram_limit(self.context)
        return limit < 0 ? nil : Int(clamping: limit)
    }

    var congestionWindow: UInt64 { self.info.congestion_window }

    var roundTripSample: ConnectionEngine.RoundTripSample {
        let info = self.info
        return .init(
            latest: info.latest_rtt, smoothed: info.smoothed_rtt, variation: info.rtt_variation,
            inFlight: info.bytes_in_flight)
    }

    /// What the peer declared of itself; nil while it is not known.
    var peerTransportParameters: PeerTransportParameters? {
        guard var values = self.peerParameters else { return nil }
        let token = unsafe withUnsafeBytes(of: &values.reset_token) { unsafe Array($0) }
        return PeerTransportParameters(
            connectionWindow: values.max_data, bidirectionalStreams: values.max_streams_bidi,
            unidirectionalStreams: values.max_streams_uni,
            bidirectionalStreamWindow: values.max_stream_data_bidi_remote,
            unidirectionalStreamWindow: values.max_stream_data_uni,
            idleTimeout: .clamped(nanoseconds: values.max_idle_timeout),
            maximumAcknowledgementDelay: .clamped(nanoseconds: values.max_ack_delay),
            maximumPayload: values.max_udp_payload_size, activeConnectionIDLimit: values.active_connection_id_limit,
            maximumDatagramFrame: values.max_datagram_frame_size,
            forbidsMigration: values.disables_active_migration != 0, greasesQUICBit: values.greases_quic_bit != 0,
            hasPreferredAddress: values.has_preferred_address != 0,
            firstConnectionID: ConnectionID(values.initial_scid),
            resetToken: values.has_reset_token != 0 ? StatelessResetToken(token) : nil)
    }

    func copyFigures(to statistics: inout ConnectionStatistics) {
        let info = self.info
        statistics.latestRTT = .clamped(nanoseconds: info.latest_rtt)
        statistics.minimumRTT = .clamped(nanoseconds: info.minimum_rtt == .max ? 0 : info.minimum_rtt)
        statistics.smoothedRTT = .clamped(nanoseconds: info.smoothed_rtt)
        statistics.rttVariation = .clamped(nanoseconds: info.rtt_variation)
        statistics.congestionWindow = info.congestion_window
        statistics.bytesInFlight = info.bytes_in_flight
        statistics.slowStartThreshold = info.slow_start_threshold
        statistics.maximumPayload = self.pathMaximumPayload
        if info.counts_losses != 0 { statistics.packetsLost = info.packets_lost }
    }
}
