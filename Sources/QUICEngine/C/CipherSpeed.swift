internal import CNGTCP2

/// How fast this machine seals and opens packets with a cipher.
///
///     let speed = try CipherSpeed.measure(.aes128GCM, for: .milliseconds(100), clock: clock)
///     print("\(speed.sealed) packets a second")
///
/// A connection does more per packet than this, and cannot be faster.
public struct CipherSpeed: Hashable, Sendable {
    /// The cipher.
    public let cipher: TLSCryptography.Cipher
    /// How many bytes each packet holds.
    public let packetSize: Int
    /// How many packets one core seals in a second.
    public let sealed: Double
    /// How many packets one core opens in a second.
    public let opened: Double

    /// Seals and opens packets of `packetSize` bytes, one after the other, for that long by the caller's clock, with whom a
    /// connection of this `protection` would.
    public static func measure(
        _ cipher: TLSCryptography.Cipher, packetSize: Int = 1_350,
        protection: EngineConfiguration.PacketProtection = .automatic, for time: Duration, clock: () -> EngineInstant
    ) throws(EngineError) -> CipherSpeed {
        let size = min(max(packetSize, 1), 65_535)
        let packet = try SealedPacket(cipher, size: size, protection)
        let half = time / 2
        let sealed = try Self.rate(half, clock) { () throws(EngineError) in try packet.seal() }
        let opened = try Self.rate(half, clock) { () throws(EngineError) in try packet.open() }
        return CipherSpeed(cipher: cipher, packetSize: size, sealed: sealed, opened: opened)
    }

    /// How often a second `work` can be done.
    private static func rate(
        _ time: Duration, _ clock: () -> EngineInstant, _ work: () throws(EngineError) -> Void
    ) throws(EngineError) -> Double {
        try work()
        let start = clock()
        var count = 0
        var passed = Duration.zero
        repeat {
            for _ in 0..<64 { try work() }
            count += 64
            passed = clock().duration(since: start)
        } while passed < time && count < 1 << 30
        return passed > .zero ? Double(count) / passed.inSeconds : 0
    }
}

/// One packet, sealed and opened over and over.
@safe private final class SealedPacket {
    private let handle: OpaquePointer
    /// Nil where GnuTLS does it.
    private let own: UnsafeMutablePointer<tern_aes_gcm>?
    private let nonce = [UInt8](repeating: 1, count: 12)
    /// As long as a short header with a connection ID.
    private let header = [UInt8](repeating: 2, count: 22)
    private var plain: [UInt8]
    private var cipher: [UInt8]
    private static let tag = 16

    init(
        _ cipher: TLSCryptography.Cipher, size: Int, _ protection: EngineConfiguration.PacketProtection
    ) throws(EngineError) {
        let (algorithm, keySize) = cipher.parameters
        var handle: OpaquePointer?
        let key = [UInt8](repeating: 3, count: keySize)
        try check(
            "starting \(cipher.rawValue)",
            unsafe withDatum(key) { unsafe gnutls_aead_cipher_init(&handle, algorithm, $0) })
        guard let handle = unsafe handle else {
            throw EngineError(.refusedByLibrary, "\(cipher.rawValue) can't be started")
        }
        unsafe self.handle = handle
        if EngineLibrary.sealsPackets(protection), cipher != .chacha20Poly1305 {
            let own = UnsafeMutablePointer<tern_aes_gcm>.allocate(capacity: 1)
            unsafe tern_aes_gcm_init(own, key, key.count)
            unsafe self.own = own
        } else {
            unsafe self.own = nil
        }
        self.plain = [UInt8](repeating: 4, count: size)
        self.cipher = [UInt8](repeating: 0, count: size + Self.tag)
    }

    deinit {
        unsafe gnutls_aead_cipher_deinit(self.handle)
        unsafe self.own?.deallocate()
    }

    func seal() throws(EngineError) {
        if let own = unsafe self.own {
            return unsafe tern_aes_gcm_seal(
                own, &self.cipher, self.plain, self.plain.count, self.nonce, self.header, self.header.count)
        }
        var count = self.cipher.count
        try check(
            "sealing",
            unsafe gnutls_aead_cipher_encrypt(
                self.handle, self.nonce, self.nonce.count, self.header, self.header.count, Self.tag, self.plain,
                self.plain.count, &self.cipher, &count))
    }

    func open() throws(EngineError) {
        if let own = unsafe self.own {
            let isAuthentic = unsafe tern_aes_gcm_open(
                own, &self.plain, self.cipher, self.plain.count, self.nonce, self.header, self.header.count)
            guard isAuthentic != 0 else { throw EngineError(.refusedByLibrary, "opening a sealed packet failed") }
            return
        }
        var count = self.plain.count
        try check(
            "opening",
            unsafe gnutls_aead_cipher_decrypt(
                self.handle, self.nonce, self.nonce.count, self.header, self.header.count, Self.tag, self.cipher,
                self.cipher.count, &self.plain, &count))
    }
}

extension TLSCryptography.Cipher {
    fileprivate var parameters: (gnutls_cipher_algorithm_t, Int) {
        switch self {
        case .aes128GCM: (GNUTLS_CIPHER_AES_128_GCM, 16)
        case .aes256GCM: (GNUTLS_CIPHER_AES_256_GCM, 32)
        case .chacha20Poly1305: (GNUTLS_CIPHER_CHACHA20_POLY1305, 32)
        }
    }
}
