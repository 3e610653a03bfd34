import QUIC
import QUICIO

/// The server of the matrix: both protocols on one port.
struct PeerServer {
    private let options: PeerOptions

    init(_ options: PeerOptions) { self.options = options }

    /// Serves until the time is over, or until Ctrl-C or a polite kill, and says what it did.
    func run() async throws {
        let keys = try self.options.secretFile.map(Self.keys)
        let endpoint = try await QUICEndpoint.listen(
            on: self.options.address, try self.configuration(keys), configuration: .defaults { $0.keys = keys })
        var event = JSONObject()
        event.add("event", "listening")
        event.add("addr", "\(await endpoint.localAddress)")
        if !self.options.isQuiet { Console.writeNow(event.text) }
        let tasks = self.options.place == .pool ? Task { try await endpoint.serve(PeerTasks.serve) } : nil
        defer { tasks?.cancel() }
        let lifetime = self.options.lifetime ?? .seconds(1 << 40)
        _ = try await Interruption.cancels { try await Task.sleep(for: lifetime) }
        if !self.options.isQuiet {
            var (end, counts) = (JSONObject(), PeerFindings())
            end.add("event", "end")
            await counts.addCounts(of: endpoint)
            counts.add(to: &end)
            Console.writeNow(end.text)
        }
        await endpoint.shutdown(deadline: .zero)
    }

    private func configuration(_ keys: EndpointKeys?) throws -> QUICServerConfiguration {
        let identity = try TLSIdentity(
            certificateFile: self.options.certificate, privateKeyFile: self.options.key)
        var server = QUICServerConfiguration(
            identity: identity, protocols: self.options.protocols, transport: self.options.transport)
        server.tls.cryptography = self.options.common.cryptography
        server.tls.ticketKey = try keys?.ticketKey ?? SessionTicketKey()
        server.tls.earlyData = try ReplayProtection()
        server.retry = self.options.isRetrying ? .always : .never
        let isQuiet = self.options.isQuiet
        if self.options.place == .loop { server.handler = { _ in PeerHandler(isQuiet: isQuiet) } }
        return server
    }

    /// A server that starts again with the same secret can reset the connections of the one before.
    private static func keys(_ file: String) throws -> EndpointKeys {
        let secret: [UInt8]
        do throws(Errno) {
            secret = try PrivateFile.read(file, limit: 4_096).bytes
        } catch {
            throw PeerFailure("\(file) can't be read: \(error)")
        }
        return try EndpointKeys(secret: secret)
    }
}
