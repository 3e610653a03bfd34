internal import CNGTCP2

/// A certificate that is being filled in.
@safe final class EmptyCertificate {
    let handle: OpaquePointer?

    init() throws(EngineError) {
        var handle: OpaquePointer?
        try check("allocating a certificate", unsafe gnutls_x509_crt_init(&handle))
        unsafe self.handle = handle
    }

    deinit { unsafe gnutls_x509_crt_deinit(self.handle) }

    /// Gives the certificate a random serial number of 16 bytes.
    func chooseSerialNumber() throws(EngineError) {
        var serial = [UInt8](repeating: 0, count: 16)
        try check("serial number", unsafe gnutls_rnd(GNUTLS_RND_NONCE, &serial, serial.count))
        // RFC 5280 §4.1.2.2: positive, hence not 0 either; and DER drops a leading byte of 0.
        serial[0] = serial[0] & 0x7f | 0x40
        try check("serial number", unsafe gnutls_x509_crt_set_serial(self.handle, serial, serial.count))
    }
}
