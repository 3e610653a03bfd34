internal import CNGTCP2

/// Lends `bytes` to GnuTLS as a datum.
func withDatum<R>(_ bytes: [UInt8], _ body: (UnsafePointer<gnutls_datum_t>) -> R) -> R {
    unsafe bytes.withUnsafeBufferPointer { buffer in
        var datum = unsafe gnutls_datum_t(
            data: UnsafeMutablePointer(mutating: buffer.baseAddress), size: UInt32(truncatingIfNeeded: buffer.count))
        return unsafe withUnsafePointer(to: &datum) { unsafe body($0) }
    }
}

/// Lets GnuTLS fill a datum, and returns a copy of what it put there.
func takingDatum(_ operation: String, _ body: (UnsafeMutablePointer<gnutls_datum_t>) -> CInt) throws(EngineError)
    -> [UInt8]
{
    var datum = unsafe gnutls_datum_t()
    try check(operation, unsafe withUnsafeMutablePointer(to: &datum) { unsafe body($0) })
    defer { unsafe tern_free(datum.data) }
    return unsafe Array(UnsafeBufferPointer(start: datum.data, count: Int(datum.size)))
}

/// What GnuTLS puts into a buffer of the caller's, which is made larger where it is too small; nil where it refuses.
func filledBuffer(
    _ size: Int, _ body: (UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>) -> CInt
) -> [UInt8]? {
    var capacity = size
    for _ in 0..<2 {
        var bytes = [UInt8](repeating: 0, count: capacity)
        var count = capacity
        let result = unsafe bytes.withUnsafeMutableBytes { unsafe body($0.baseAddress, &count) }
        if result >= 0 { return Array(bytes.prefix(count)) }
        // Nothing in a certificate that a peer may send is longer.
        guard result == GNUTLS_E_SHORT_MEMORY_BUFFER, count <= 1 << 20 else { return nil }
        capacity = count
    }
    return nil
}

/// Turns a negative result of GnuTLS into an error that names the operation.
@discardableResult
func check(_ operation: String, _ result: CInt) throws(EngineError) -> CInt {
    guard result >= 0 else { throw EngineError(.invalidCredentials, "\(operation): \(describe(gnutls: result))") }
    return result
}

func describe(gnutls code: CInt) -> String {
    guard let text = unsafe gnutls_strerror(code) else { return "GnuTLS error \(code)" }
    return unsafe String(cString: text)
}

extension gnutls_datum_t {
    /// A copy of the bytes.
    var copied: [UInt8] { unsafe Array(UnsafeBufferPointer(start: self.data, count: Int(self.size))) }
}

/// SHA-256 of `bytes`.
func sha256(_ bytes: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
        let result = unsafe bytes.withUnsafeBytes {
            unsafe gnutls_hash_fast(GNUTLS_DIG_SHA256, $0.baseAddress, $0.count, buffer.baseAddress)
        }
        count = result == 0 ? 32 : 0
    }
}
