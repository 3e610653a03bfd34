internal import CNGTCP2

/// The C libraries that are loaded, and what they can do.
///
///     print("ngtcp2 \(EngineLibrary.ngtcp2Version), GnuTLS \(EngineLibrary.gnutlsVersion)")
public enum EngineLibrary {
    /// The running ngtcp2.
    public static var ngtcp2Version: String { unsafe String(cString: tern_runtime_version_string()) }

    /// The running GnuTLS.
    public static var gnutlsVersion: String {
        unsafe tern_gnutls_version_string().map { unsafe String(cString: $0) } ?? "none"
    }

    /// The QUIC versions that can be spoken.
    public static var versions: [QUICVersion] {
        tern_version_2() == 0 ? [.version1] : [.version1, .version2]
    }

    /// Whether the qlog writer is safe: before 1.22.1 a long list of transport parameters overflows its buffer.
    public static var writesQlogSafely: Bool { tern_runtime_version() >= 0x01_16_01 }

    /// Whether losses of all packets are counted, and not only those with stream data and datagrams.
    public static var countsAllLosses: Bool { tern_compiled_version() >= 0x01_10_00 }

    /// Whether path MTU probes can be chosen.
    public static var choosesMTUProbes: Bool { tern_compiled_version() >= 0x01_04_00 }

    /// Whether packets with AES-GCM can be sealed here without GnuTLS: the processor has AVX2, VAES and VPCLMULQDQ (Intel
    /// since Ice Lake, AMD since Zen 3), and GnuTLS is not in FIPS mode.
    public static let canSealPackets = tern_aes_is_fast() != 0 && gnutls_fips140_mode_enabled() == 0

    /// Whether packets with AES-GCM are sealed without GnuTLS under this choice.
    public static func sealsPackets(_ protection: EngineConfiguration.PacketProtection = .automatic) -> Bool {
        switch protection {
        case .automatic: Self.isOptimised && Self.canSealPackets
        case .processor: Self.canSealPackets
        case .library: false
        }
    }

    private static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    /// Before 0.19 a blocked stream was answered with "nothing to send", which would starve the others.
    static let hidesBlockedStreams = tern_compiled_version() < 0x01_00_00

    /// Before 0.14 the peer's unidirectional streams were never closed: nothing more is told of one after STOP_SENDING.
    static let keepsRemoteStreams = tern_compiled_version() < 0x01_00_00

    /// Makes sure that the running library can be used; called for every engine, costs a comparison.
    static func checkVersion() throws(EngineError) { try self.check(running: tern_runtime_version()) }

    /// Inside one family a running library may be newer than the headers, but never older.
    static func check(running: Int32) throws(EngineError) {
        guard running < tern_compiled_version() else { return }
        throw EngineError(
            .unsupportedByLibrary,
            "ngtcp2 \(Self.text(running)) is loaded, but Tern was built against \(Self.text(tern_compiled_version())): "
                + "install libngtcp2 \(Self.text(tern_compiled_version())) or newer (scripts/setup), or build again")
    }

    private static func text(_ version: Int32) -> String { "\(version >> 16).\(version >> 8 & 0xff).\(version & 0xff)" }
}
