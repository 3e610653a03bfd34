import QUIC

/// What a command says of an error: what happened, and what to try.
enum Complaint {
    static func words(_ error: any Error) -> String {
        guard let error = error as? QUICError else { return "\(error)".printable }
        let reason = error.reason.printable
        guard let advice = self.advice(for: error) else { return reason }
        return
            "\(reason.hasSuffix(".") || reason.hasSuffix(". ") ? String(reason.prefix { $0 != "." }) : reason): \(advice)"
    }

    private static func advice(for error: QUICError) -> String? {
        switch error.code {
        case .handshakeTimeout: return "is UDP let through to this port? tern doctor looks closer"
        case .handshakeFailed: break
        default: return nil
        }
        guard case .transport(let code)? = error.underlying?.code else { return nil }
        // RFC 8446 §6.2, in RFC 9001 §4.8's numbers.
        switch (code, error.closedBy) {
        case (0x130, .local?): return "name its authority with --ca or its key with --pin; tern doctor says more"
        case (0x12D, .local?), (0x12A, .local?): return "tern doctor says what is wrong with its certificate"
        case (0x178, .peer?): return "name its protocol with --alpn; tern probe finds out which it speaks"
        default: return nil
        }
    }
}
