internal import CNGTCP2

/// Turns a configuration into the library's settings and transport parameters.
struct SettingsMapping {
    let configuration: EngineConfiguration
    let now: EngineInstant
    var token: [UInt8] = []
    var tokenIsFromRetry = false
    var originalVersion: QUICVersion?
    var resetToken: StatelessResetToken?
    var originalDestination: ConnectionID?
    var retrySource: ConnectionID?
    var preferredAddress: PreferredAddress?
    var preferredAddressID: IssuedConnectionID?

    init(_ configuration: EngineConfiguration, now: EngineInstant) throws(EngineError) {
        self.configuration = configuration
        self.now = now
        try Self.validate(configuration)
    }

    var followsPreferredAddress: Bool { self.configuration.migration.followsPreferredAddress }

    var sealsPackets: Bool { EngineLibrary.sealsPackets(self.configuration.packetProtection) }

    /// The versions that both the configuration and the library know.
    var versions: [QUICVersion] { self.configuration.versions.filter(EngineLibrary.versions.contains) }

    /// What the library would answer with abort() is refused here.
    private static func validate(_ c: EngineConfiguration) throws(EngineError) {
        func require(_ condition: Bool, _ message: String) throws(EngineError) {
            guard condition else { throw EngineError(.invalidConfiguration, message) }
        }
        let largest: UInt64 = 1 << 62 - 1
        try require(
            c.idleTimeout.clampedNanoseconds > 0,
            "idleTimeout must be positive: an endless one keeps dead connections for ever")
        try require(c.handshakeTimeout.clampedNanoseconds > 0, "handshakeTimeout must be positive")
        try require(
            c.keepAlive.map { $0.clampedNanoseconds > 0 } ?? true, "keepAlive must be positive, or nil for none")
        try require(c.initialRTT.clampedNanoseconds > 0, "initialRTT must be positive")
        try require(
            c.maximumAcknowledgementDelay < .milliseconds(16_384), "maximumAcknowledgementDelay must be below 2^14 ms")
        try require(c.acknowledgementThreshold > 0, "acknowledgementThreshold must be at least 1")
        try require(2...8 ~= c.migration.activeConnectionIDLimit, "activeConnectionIDLimit must be 2 to 8")
        try require(1_200...65_527 ~= c.packets.maximumSent, "packets.maximumSent must be 1200 to 65527")
        try require(1_200...65_527 ~= c.packets.maximumReceived, "packets.maximumReceived must be 1200 to 65527")
        try require(c.packets.mtuProbes.allSatisfy { 1_200...65_527 ~= $0 }, "packets.mtuProbes must be 1200 to 65527")
        try require(
            [c.flowControl.connectionWindow, c.flowControl.streamWindow, c.flowControl.maximumConnectionWindow]
                .allSatisfy { $0 <= largest } && c.flowControl.maximumStreamWindow <= largest,
            "windows must be below 2^62")
        try require(c.flowControl.sendBuffer > 0, "flowControl.sendBuffer must be positive")
        try require(
            c.streams.bidirectional <= 1 << 60 && c.streams.unidirectional <= 1 << 60,
            "stream limits must be at most 2^60")
        try require(c.datagrams.maximumFrameSize <= 65_535, "datagrams.maximumFrameSize must be at most 65535")
        try require(
            c.versions.contains { EngineLibrary.versions.contains($0) },
            "none of the configured QUIC versions is known to the library")
        guard let qlog = c.diagnostics.qlog, !qlog.trustsLibrary, !EngineLibrary.writesQlogSafely else { return }
        throw EngineError(
            .unsupportedByLibrary,
            "the qlog writer of ngtcp2 \(EngineLibrary.ngtcp2Version) can overflow its buffer (CVE-2026-40170): install 1.22.1 "
                + "or newer, or say QlogSink(trustsLibrary: true) if you know that your build is patched")
    }

    /// Lends the C structs to `body`, with everything that they point to.
    func withCValues(_ body: (UnsafePointer<tern_settings>, UnsafePointer<tern_parameters>) -> CInt) -> CInt {
        let versions = self.versions.map(\.rawValue)
        let packets = self.configuration.packets
        // 1200 is what every path carries: the library must not be asked to probe that.
        let probes = packets.mtuProbes.filter { 1_200 < $0 && Int($0) <= packets.maximumSent }
        var settings = unsafe self.settings
        var parameters = self.parameters
        return unsafe self.token.withUnsafeBufferPointer { token in
            unsafe versions.withUnsafeBufferPointer { preferred in
                unsafe probes.withUnsafeBufferPointer { probes in
                    unsafe settings.token = token.baseAddress
                    unsafe settings.token_length = token.count
                    unsafe settings.preferred_versions = preferred.baseAddress
                    unsafe settings.preferred_version_count = preferred.count
                    unsafe settings.available_versions = preferred.baseAddress
                    unsafe settings.available_version_count = preferred.count
                    unsafe settings.mtu_probes = probes.baseAddress
                    unsafe settings.mtu_probe_count = probes.count
                    return unsafe body(&settings, &parameters)
                }
            }
        }
    }

    private var settings: tern_settings {
        let c = self.configuration
        var settings = unsafe tern_settings()
        unsafe settings.congestion_control = CInt(c.congestionControl.rawValue)
        unsafe settings.initial_timestamp = self.now.nanoseconds
        unsafe settings.initial_rtt = c.initialRTT.clampedNanoseconds
        unsafe settings.handshake_timeout = c.handshakeTimeout.clampedNanoseconds
        unsafe settings.max_tx_udp_payload_size = c.packets.maximumSent
        unsafe settings.ack_threshold = c.acknowledgementThreshold
        // The connection's window grows by ConnectionWindow.
        unsafe settings.max_connection_window = 0
        unsafe settings.max_stream_window = c.flowControl.maximumStreamWindow
        unsafe settings.disables_path_mtu_discovery = c.packets.discoversPathMTU ? 0 : 1
        unsafe settings.sends_full_payload_at_once = c.packets.assumesMaximumSize ? 1 : 0
        unsafe settings.token_is_from_retry = self.tokenIsFromRetry ? 1 : 0
        unsafe settings.original_version = self.originalVersion?.rawValue ?? 0
        unsafe settings.logs = c.diagnostics.logsPackets ? 1 : 0
        unsafe settings.writes_qlog = c.diagnostics.qlog != nil ? 1 : 0
        unsafe settings.qlog_original_dcid = (self.originalDestination ?? ConnectionID()).cValue
        return unsafe settings
    }

    private var parameters: tern_parameters {
        let c = self.configuration
        var parameters = tern_parameters()
        parameters.max_data = c.flowControl.announcedWindow
        parameters.max_stream_data_bidi_local = c.flowControl.streamWindow
        parameters.max_stream_data_bidi_remote = c.flowControl.streamWindow
        parameters.max_stream_data_uni = c.flowControl.streamWindow
        parameters.max_streams_bidi = c.streams.bidirectional
        parameters.max_streams_uni = c.streams.unidirectional
        parameters.max_idle_timeout = min(c.idleTimeout.clampedNanoseconds, UInt64(Int64.max))
        parameters.max_ack_delay = c.maximumAcknowledgementDelay.clampedNanoseconds
        parameters.ack_delay_exponent = 3
        parameters.max_udp_payload_size = c.packets.maximumReceived
        parameters.active_connection_id_limit = c.migration.activeConnectionIDLimit
        parameters.max_datagram_frame_size = c.datagrams.maximumFrameSize
        parameters.disables_active_migration = c.migration.isAllowed ? 0 : 1
        parameters.greases_quic_bit = c.greasesQUICBit ? 1 : 0
        if let token = self.resetToken {
            parameters.has_reset_token = 1
            unsafe withUnsafeMutableBytes(of: &parameters.reset_token) { unsafe $0.copyBytes(from: token.bytes) }
        }
        if let original = self.originalDestination {
            parameters.has_original_dcid = 1
            parameters.original_dcid = original.cValue
        }
        if let retry = self.retrySource {
            parameters.has_retry_scid = 1
            parameters.retry_scid = retry.cValue
        }
        if let preferred = self.preferredAddress, let issued = self.preferredAddressID {
            parameters.has_preferred_address = 1
            if let ipv4 = preferred.ipv4 { parameters.preferred_address.ipv4 = ipv4.cValue }
            if let ipv6 = preferred.ipv6 { parameters.preferred_address.ipv6 = ipv6.cValue }
            parameters.preferred_address.connection_id = issued.id.cValue
            unsafe withUnsafeMutableBytes(of: &parameters.preferred_address.reset_token) {
                unsafe $0.copyBytes(from: issued.resetToken?.bytes ?? [])
            }
        }
        return parameters
    }
}
