internal import CNGTCP2

/// DER as text (RFC 7468 §2).
enum PEM {
    /// The text, with its label; empty where GnuTLS refuses.
    static func text(_ label: String, _ der: [UInt8]) -> String {
        let encoded = unsafe try? takingDatum("encoding PEM") { target in
            unsafe withDatum(der) { unsafe gnutls_pem_base64_encode2(label, $0, target) }
        }
        return String(decoding: encoded ?? [], as: UTF8.self)
    }
}
