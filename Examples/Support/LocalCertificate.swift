import Foundation
package import QUIC

/// A certificate for this machine, made on the spot: for examples and trials, not for the Internet.
package struct LocalCertificate: Sendable {
    /// What a server shows.
    package let identity: TLSIdentity
    /// What a client in the same process trusts.
    package let trust: TrustPolicy
    private let pem: String

    /// Makes a key and a certificate.
    package init() throws {
        let template = CertificateTemplate(
            commonName: "localhost", names: ["localhost", "127.0.0.1", "::1"], now: Int64(time(nil)))
        let bundle = try template.issue()
        self.identity = try TLSIdentity(bundle)
        self.pem = bundle.certificatePEM
        self.trust = .roots(try TrustStore(pem: Array(self.pem.utf8)))
    }

    /// Writes the certificate, without the key, for clients in other processes: `TrustStore(file:)` reads it.
    package func write(to path: String) throws {
        try self.pem.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
