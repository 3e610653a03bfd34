import QUIC
import QUICIO
import Synchronization

/// Where a chain comes from: a file in PEM or DER, or a server.
struct CertificateSource: Sendable {
    /// What servers on the Internet and those of this tool speak: one of them must fit before a certificate is shown.
    static let usualProtocols = ["h3", "hq-interop", "doq", "echo", "perf", "greeting", "smb", "h3-29"]

    let place: String
    /// The server, where it is one.
    let server: HostAndPort?
    private let serverName: String?
    private let protocols: [String]

    init(_ arguments: inout Arguments) throws {
        self.serverName = try arguments.option("--sni")
        self.protocols = try arguments.list("--alpn") ?? Self.usualProtocols
        guard let place = arguments.next() else { throw UsageError(message: "name a file or a HOST:PORT") }
        try arguments.end()
        self.place = place
        self.server =
            DiskFile.size(of: place) == nil && place.contains(":") ? try HostAndPort(place, port: 443) : nil
        guard DiskFile.size(of: place) != nil || self.server != nil else {
            throw CertificateSourceError(
                description: "there is no file \(place.printable) (a server would be HOST:PORT)")
        }
    }

    /// The name that a client would ask for.
    var name: String? { self.serverName ?? self.server?.host }

    func read() async throws -> [CertificateDescription] {
        if let server = self.server { return try await self.ask(server) }
        return try Self.parse(Self.bytes(of: self.place), self.place)
    }

    static func bytes(of path: String) throws -> [UInt8] {
        do throws(Errno) { return try DiskFile.contents(of: path, limit: 4 << 20) } catch {
            throw CertificateSourceError(description: "\(path.printable) can't be read: \(error.message)")
        }
    }

    /// PEM begins with words, DER with the tag of a sequence.
    private static func parse(_ bytes: [UInt8], _ path: String) throws -> [CertificateDescription] {
        do throws(EngineError) {
            return try bytes.first == 0x30
                ? [CertificateDescription(der: bytes)] : CertificateDescription.all(pem: bytes)
        } catch {
            throw CertificateSourceError(
                description: "\(path.printable) holds no certificate that can be read (\(error.message))")
        }
    }

    /// Shakes hands only to see the certificate; whoever answers is told nothing.
    private func ask(_ server: HostAndPort) async throws -> [CertificateDescription] {
        let seen = Shown()
        var client = QUICClientConfiguration(protocols: self.protocols)
        client.transport.handshakeTimeout = .seconds(5)
        client.tls.serverName = self.serverName ?? ""
        client.tls.trust = .custom { certificate in
            seen.chain.withLock { $0 = certificate.chain }
            return .reject(.certificateUnknown, reason: "it was only looked at")
        }
        let endpoint = try await QUICEndpoint.bind()
        var failure: QUICError?
        do throws(QUICError) { _ = try await endpoint.connect(to: server.host, port: server.port, client) } catch {
            failure = error
        }
        await endpoint.shutdown(deadline: .milliseconds(200))
        let chain = seen.chain.withLock { $0 }
        guard !chain.isEmpty else {
            let reason = failure.map { Self.explain($0) } ?? "it showed a bare public key"
            throw CertificateSourceError(
                description: "\(server) showed no certificate: \(reason). Look closer with tern doctor \(server)")
        }
        return try chain.map { try CertificateDescription(der: $0) }
    }

    private static func explain(_ error: QUICError) -> String {
        error.underlying?.tlsAlert == .noApplicationProtocol
            ? "it speaks none of the protocols that were offered; name one with --alpn" : error.reason
    }

    private final class Shown: Sendable {
        let chain = Mutex<[[UInt8]]>([])
    }
}

/// Why there is nothing to show.
struct CertificateSourceError: Error, CustomStringConvertible {
    let description: String
}
