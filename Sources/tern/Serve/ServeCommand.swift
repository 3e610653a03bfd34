import QUIC
import QUICIO

/// `tern serve`
enum ServeCommand: Command {
    static let name = "serve"
    static let summary = "serve the files of a folder, or echo, over QUIC"
    static let help = """
        Usage: tern serve [DIR] [OPTIONS]

        Serves the files of DIR (the current folder unless given) to tern get and to every client that speaks hq-interop,
        one stream per file. Names can't lead out of the folder, and symbolic links are not followed.

            --echo             instead: send back whatever arrives on streams and in datagrams (ALPN echo and perf)
            --alpn A,B         only these: hq-interop, tern-files
            --preferred A,B    addresses that clients should move to (RFC 9000 §9.6); this host is heard there too
            --no-pmtud         send no probes for a larger packet size
            --handshake-timeout S   seconds that a handshake may take: 10
            --quiet            print nothing but errors
            --json             one JSON object per event
        \(ServerOptions.help)

        Ctrl-C ends: nothing new is accepted, what is under way has five seconds, and the last line says what was done.
        SSLKEYLOGFILE=FILE logs the secrets of connections for Wireshark.

        Examples: tern serve
                  tern serve /srv/files --port 443 --cert fullchain.pem --key privkey.pem --retry
                  tern serve --echo --qlog traces

        Exit codes: 0 ended by Ctrl-C, 1 the port or the certificate can't be used, 2 not understood.
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        arguments.splitAssignments()
        var options = try ServerOptions(&arguments)
        let isEcho = arguments.flag("--echo")
        let (isQuiet, isJSON) = (arguments.flag("--quiet"), arguments.flag("--json"))
        let probes = !arguments.flag("--no-pmtud")
        let preferred = try arguments.list("--preferred")?.map(Self.address) ?? []
        let protocols = try arguments.list("--alpn")
        options.transport.handshakeTimeout =
            try arguments.seconds("--handshake-timeout") ?? options.transport.handshakeTimeout
        let folder = arguments.next() ?? "."
        try arguments.end()
        guard isEcho || DiskFile.isFolder(folder) else {
            throw UsageError(message: "\(folder) is no folder that can be served")
        }
        if let wrong = protocols?.first(where: { FileProtocol(rawValue: $0) == nil }), !isEcho {
            throw UsageError(message: "files are served as hq-interop and tern-files, not as \(wrong)")
        }
        // A ticket does not name its protocol: a server that takes 0-RTT data speaks one.
        let known = options.takesEarlyData ? [FileProtocol.interop] : [.tern, .interop]
        var server = try options.configuration(
            protocols: isEcho ? ["echo", "perf"] : protocols ?? known.map(\.rawValue))
        server.transport.packets.discoversPathMTU = probes
        server.preferredAddress = PreferredAddress(
            ipv4: preferred.first { $0.family == .ipv4 }, ipv6: preferred.first { $0.family == .ipv6 })
        if isEcho { server.handler = { _ in PeerHandler(isQuiet: true) } }
        let log = ServeLog(isQuiet: isQuiet, isJSON: isJSON)
        let files = FileServer(folder: folder) { log.add($0) }
        let endpoint = try await options.listen(server)
        for address in preferred where await !Self.covers(endpoint, address) { try await endpoint.addAddress(address) }
        await log.greet(options, endpoint, isEcho ? "echo" : folder)
        let writing = Task { await options.traces?.keepWriting() }
        _ = try await Interruption.cancels {
            if isEcho { try await Task.sleep(for: .seconds(1 << 40)) } else { try await Self.serve(endpoint, files) }
        }
        await endpoint.shutdown(deadline: .seconds(5))
        writing.cancel()
        await writing.value
        log.end(files.figures, isEcho: isEcho)
        return 0
    }

    /// Connections live on when the task is cancelled: the shutdown gives them their time.
    private static func serve(_ endpoint: QUICEndpoint, _ files: FileServer) async throws {
        for try await connection in endpoint.incoming {
            Task { try? await files.serve(connection) }
        }
    }

    private static func address(_ text: String) throws -> NetworkAddress {
        let server = try HostAndPort(text, port: 0)
        guard let address = server.address else {
            throw UsageError(message: "--preferred takes addresses with ports, such as 192.0.2.1:4443, not \(text)")
        }
        return address
    }

    private static func covers(_ endpoint: QUICEndpoint, _ address: NetworkAddress) async -> Bool {
        let bound = await endpoint.localAddress
        let isWildcard = bound.high == 0 && bound.low == 0
        return bound.port == address.port && (isWildcard || bound == address)
    }
}
