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
        self.identity = try .selfSigned()
        self.pem = self.identity.certificatePEM
        self.trust = .roots(try TrustStore(pem: Array(self.pem.utf8)))
    }

    /// Writes the certificate, without the key, for clients in other processes: `TrustStore(file:)` reads it.
    package func write(to path: String) throws {
        try self.pem.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
