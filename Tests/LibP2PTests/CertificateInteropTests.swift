internal import Foundation
internal import QUIC
internal import QUICIO
internal import Testing

@testable internal import LibP2P

/// Certificates of Tests/Interop/certificates.py, here and over the wire. scripts/lib/p2p/certificates makes them and says
/// where they are; without it there is nothing to do.
@Suite(
    "Certificates of other software", .serialized,
    .enabled(if: ProcessEnvironment.value("TERN_P2P_CERTIFICATES") != nil, "run scripts/lib/p2p/certificates"))
struct CertificateInteropTests {
    struct Case: Codable, CustomTestStringConvertible {
        let name: String
        let text: String
        let alert: UInt8
        let wire: UInt8
        let peer: String
        let expecting: String?
        let count: Int

        var testDescription: String { "\(self.name): \(self.text)" }
        /// RFC 9001 §4.8.
        var code: UInt64 { self.wire == 0 ? 0 : 0x100 + UInt64(self.wire) }
    }

    /// What the other end says of a connection.
    struct Line: Codable {
        let name: String
        let code: UInt64?
        let peer: String?
        let sni: String?
        let tickets: Int
        let hello: Int
    }

    private static let folder = ProcessEnvironment.value("TERN_P2P_CERTIFICATES") ?? ""

    static func cases() throws -> [Case] {
        guard !self.folder.isEmpty else { return [] }
        let data = try Data(contentsOf: URL(filePath: "\(self.folder)/cases.json"))
        return try JSONDecoder().decode([Case].self, from: data)
    }

    private func chain(_ item: Case) throws -> [[UInt8]] {
        try (0..<item.count).map {
            [UInt8](try Data(contentsOf: URL(filePath: "\(Self.folder)/\(item.name).\($0).der")))
        }
    }

    @Test("Each is accepted or refused with the alert that is written")
    func pure() throws {
        let cases = try Self.cases()
        #expect(cases.count >= 60)
        for item in cases {
            let verdict = PeerVerification.verify(
                chain: try self.chain(item), expecting: try item.expecting.map { try PeerID($0) },
                at: WallClock.seconds())
            switch verdict {
            case .success(let peer):
                #expect(item.alert == 0, "\(item.text) was accepted")
                #expect("\(peer.id)" == item.peer, "\(item.text)")
            case .failure(let rejection):
                #expect(rejection.alert.rawValue == item.alert, "\(item.text): \(rejection)")
            }
        }
    }

    @Test("Private keys of all forms are read, and give the peer ids that others give them")
    func keys() throws {
        struct Key: Codable {
            let text: String
            let `private`: String
            let `public`: String
            let peer: String
            let signature: String
        }
        let data = try Data(contentsOf: URL(filePath: "\(Self.folder)/keys.json"))
        let keys = try JSONDecoder().decode([Key].self, from: data)
        #expect(keys.count >= 11)
        let message = Array("hello".utf8)
        for item in keys {
            let key = try PrivateKey(decoding: [UInt8](hex: item.private))
            #expect("\(key.peerID)" == item.peer, "\(item.text)")
            #expect(key.publicKey.message.encoded.hex == item.public, "\(item.text)")
            #expect(key.publicKey.isValid(signature: [UInt8](hex: item.signature), of: message), "\(item.text)")
            #expect(key.publicKey.isValid(signature: try key.sign(message), of: message), "\(item.text)")
        }
    }

    @Test("A server tells each client on the wire, and takes a ClientHello of two datagrams")
    func servers() async throws {
        let key = try PrivateKey.generate()
        let configuration = QUICServerConfiguration(
            tls: LibP2PTrust.server(identity: try HostCertificate.make(for: key)))
        let server = try await QUICEndpoint.listen(on: .loopback(), configuration)
        let serving = Task {
            try? await server.serve { connection in
                try? await connection.serveStreams { stream in
                    let bytes = try await stream.readToEnd(limit: 100)
                    try await stream.write(bytes)
                    try stream.finish()
                }
            }
        }
        let address = await server.localAddress
        let peer = try Interpreter(["client", Self.folder, "\(address)"], script: "libp2p_certificate_peer.py")
        var said: [String: Line] = [:]
        while let line: Line = try await peer.next() { said[line.name] = line }
        for item in try Self.cases() where item.expecting == nil {
            let line = try #require(said[item.name], "nothing was said of \(item.text)")
            #expect(line.code == item.code, "\(item.text)")
            #expect(line.peer == "\(key.peerID)", "\(item.text)")
            #expect(line.tickets == 0)
        }
        let others: [(String, UInt64)] = [
            ("no certificate", 0x174), ("another protocol", 0x178), ("several protocols", 0), ("a server name", 0),
            ("a large ClientHello", 0),
        ]
        for (name, code) in others { #expect(said[name]?.code == code, "\(name)") }
        #expect(said["a large ClientHello"]?.hello ?? 0 > 1_400)
        await server.shutdown(deadline: .milliseconds(200))
        await serving.value
    }

    @Test("A client tells each server on the wire, and names no server")
    func clients() async throws {
        let key = try PrivateKey.generate()
        let identity = try HostCertificate.make(for: key)
        let endpoint = try await QUICEndpoint.bind(to: .loopback())
        let peer = try Interpreter(["server", Self.folder], script: "libp2p_certificate_peer.py")
        struct Ports: Codable { let ports: [String: UInt16] }
        let listening: Ports? = try await peer.next()
        let ports = try #require(listening).ports
        for item in try Self.cases() {
            let expecting = try PeerID(item.expecting ?? item.peer)
            let tls = LibP2PTrust.client(identity: identity, expecting: item.expecting == nil ? nil : expecting)
            let port = try #require(ports[item.name])
            do throws(QUICError) {
                let connection = try await endpoint.connect(
                    to: NetworkAddress(ipv4: (127, 0, 0, 1), port: port), QUICClientConfiguration(tls: tls))
                #expect(item.wire == 0, "\(item.text) was accepted")
                #expect("\(LibP2PTrust.peer(of: connection.peerCertificate)?.id, default: "nobody")" == item.peer)
                let stream = try await connection.openStream()
                try await stream.write("hello")
                try stream.finish()
                let answer = try await stream.readToEnd(limit: 100)
                #expect(answer == Array("hello".utf8), "\(item.text)")
            } catch {
                #expect(error.underlying?.tlsAlert?.rawValue == item.wire, "\(item.text): \(error)")
            }
            let line: Line? = try await peer.next()
            #expect(line?.name == item.name)
            #expect(line?.code == item.code, "\(item.text)")
            #expect(line?.sni == nil)
            // Who was refused has not seen us.
            if item.wire == 0 { #expect(line?.peer == "\(key.peerID)", "\(item.text)") }
        }
        await endpoint.shutdown(deadline: .milliseconds(200))
        peer.end()
    }
}
