import QUIC
import QUICIO

/// `tern connect`: a QUIC stream with a terminal or a pipe at this end.
enum ConnectCommand: Command {
    static let name = "connect"
    static let summary = "carry standard input and output over a stream (netcat)"
    static let help = """
        Usage: tern connect HOST[:PORT] [OPTIONS]
               tern connect --listen [ADDRESS:]PORT [OPTIONS]

        Standard input goes to a bidirectional stream, what comes back goes to standard output, byte for byte. The end
        of the input ends that direction only; it is over when both have ended. With a person at the input, it is
        over as soon as the other end is. The other end notices a stream with its first byte, or its end.
        All messages go to the error output. The port is 4433 unless given.

            --listen [ADDRESS:]PORT  wait for one connection and its first stream, instead of calling; 0: any port
            --alpn A,B         application protocols, the preferred first: raw,echo; listening: raw
            --uni              send on a unidirectional stream: nothing comes back
            --datagrams        a datagram for each line of the input, a line for each datagram that comes
            --linger S         with --datagrams, wait so long for answers after the end of the input: 1
            --quiet            no messages but errors

        calling
        \(ClientOptions.help)

        listening
        \(ConnectCommand.listeningHelp)

        Example: tern connect --listen 4433 >copy
                 tern connect localhost:4433 --pin HEX <original
                 tern connect localhost:4433 --insecure --alpn echo
        Exit codes: 0 both directions ended, 1 the stream was reset or the connection failed, 2 not understood,
        130 interrupted.
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        let address = try arguments.option("--listen").map(Self.address)
        var options = ConnectOptions(
            protocols: try arguments.list("--alpn") ?? (address == nil ? ["raw", "echo"] : ["raw"]),
            isUnidirectional: arguments.flag("--uni"), usesDatagrams: arguments.flag("--datagrams"),
            linger: try arguments.seconds("--linger") ?? .seconds(1), isQuiet: arguments.flag("--quiet"))
        guard !options.protocols.isEmpty else { throw UsageError(message: "--alpn needs a protocol") }
        guard !(options.isUnidirectional && options.usesDatagrams) else {
            throw UsageError(message: "choose one of --uni and --datagrams")
        }
        let isInterrupted: Bool
        do {
            if let address {
                var server = try ServerOptions(&arguments)
                server.address = address
                options.shortenKeepAlive(server.transport.idle)
                try arguments.end()
                isInterrupted = try await Interruption.cancels { [server, options] in
                    try await Self.listen(server, options)
                }
            } else {
                let client = try ClientOptions(&arguments)
                guard let word = arguments.next() else {
                    throw UsageError(message: "connect needs HOST or HOST:PORT, or --listen PORT")
                }
                try arguments.end()
                let server = try HostAndPort(word, port: 4433)
                options.shortenKeepAlive(client.transport.idle)
                isInterrupted = try await Interruption.cancels { [options] in
                    try await Self.call(server, client, options)
                }
            }
        } catch Errno.brokenPipe {
            // As with every other filter: whoever read our output has seen enough.
            return 1
        }
        return isInterrupted ? Interruption.exitCode : 0
    }

    /// All that servers take, but for the address and the port.
    private static var listeningHelp: String {
        ServerOptions.help.split(separator: "\n").dropFirst(2).joined(separator: "\n")
    }

    private static func address(_ text: String) throws -> NetworkAddress {
        if let port = UInt16(text) { return .any(port: port) }
        guard let address = HostAndPort.listening(text) else {
            throw UsageError(message: "--listen is PORT or ADDRESS:PORT, such as 4433 or [::1]:4433, not \(text)")
        }
        return address
    }

    private static func call(_ server: HostAndPort, _ client: ClientOptions, _ options: ConnectOptions) async throws {
        let configuration = client.configuration(protocols: options.protocols)
        try await client.withEndpoint { endpoint in
            let connection = try await client.connect(endpoint, to: server, configuration)
            options.say(
                "connected to \(connection.remoteAddress), speaking \((connection.applicationProtocol ?? "").printable)"
            )
            try await options.carry(over: connection, isCalling: true)
        }
    }

    private static func listen(_ server: ServerOptions, _ options: ConnectOptions) async throws {
        let endpoint = try await server.listen(server.configuration(protocols: options.protocols))
        options.say(await server.greeting(endpoint))
        let writing = Task { await server.traces?.keepWriting() }
        let result: Result<Void, any Error>
        do {
            if let connection = try await endpoint.accept() {
                endpoint.stopListening()
                try await connection.handshake()
                options.say("connected with \(connection.remoteAddress)")
                try await options.carry(over: connection, isCalling: false)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await endpoint.shutdown(deadline: .milliseconds(500))
        writing.cancel()
        await writing.value
        try result.get()
    }
}
