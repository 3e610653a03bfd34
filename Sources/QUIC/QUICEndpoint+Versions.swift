public import QUICEngine
internal import QUICIO

extension QUICEndpoint {
    /// Asks a server which QUIC versions it speaks, without connecting: by a version that nobody speaks, which a server
    /// answers with those it does (RFC 9000 §6).
    ///
    ///     let address = try await NetworkAddress.resolve("example.org", port: 443)[0]
    ///     let versions = try await QUICEndpoint.supportedVersions(of: address)
    ///     print(versions.contains(.version2) ? "version 2" : "no version 2")
    ///
    /// The question leaves from a socket of its own and is repeated where it or the answer is lost. Versions that servers
    /// make up to keep clients flexible are left out. That anybody on the way can forge the answer makes it good for a
    /// look, and for no decision about security.
    ///
    /// Fails with ``QUICError/Code/unreachable`` where a host or router says that nobody is there, and with
    /// ``QUICError/Code/handshakeTimeout`` where nobody says anything.
    public static func supportedVersions(
        of address: NetworkAddress, timeout: Duration = .seconds(3)
    ) async throws(QUICError) -> [QUICVersion] {
        let inquiry = VersionInquiry(random: SystemRandomness())
        let report = await DatagramExchange.ask(SocketAddress(address), inquiry.datagram, within: timeout) {
            inquiry.versions(in: $0) != nil
        }
        switch report.outcome {
        case .answer(let bytes): return inquiry.versions(in: bytes) ?? []
        case .cancelled: throw .cancelled
        case .silence:
            throw QUICError(
                .handshakeTimeout,
                "nobody answered on UDP port \(address.port) of \(address.host): no QUIC server is there, it ignores "
                    + "unknown versions, or a firewall on the way drops UDP")
        case .refused(let error), .unsendable(let error): throw QUICError(unreachable: address, error)
        }
    }
}

extension QUICError {
    /// What a host, a router or this host said about datagrams to `address`.
    init(unreachable address: NetworkAddress, _ error: Errno) {
        switch error {
        case .connectionRefused:
            self.init(
                .unreachable,
                "UDP port \(address.port) of \(address.host) is closed: the host is up, and no QUIC server runs there")
        case .hostUnreachable, .hostDown, .hostIsolated:
            self.init(.unreachable, "a router has no way to \(address.host), or a firewall rejects UDP: \(error)")
        case .networkUnreachable, .networkDown:
            self.init(.unreachable, "there is no route to \(address.host): \(error)")
        case .permissionDenied, .notPermitted:
            self.init(.unreachable, "a firewall forbids UDP to \(address.host): \(error)")
        case .messageTooLong:
            self.init(.unreachable, "the way to \(address.host) carries no datagrams of 1,200 bytes, which QUIC needs")
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .addressFamilyNotSupported, .addressNotAvailable:
            self.init(.socketFailed, "no socket to ask \(address) with: \(error)")
        default: self.init(.unreachable, "\(address) can't be reached: \(error)")
        }
    }
}
