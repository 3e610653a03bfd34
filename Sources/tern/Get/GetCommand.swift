import QUIC
import QUICIO

/// `tern get`
enum GetCommand: Command {
    static let name = "get"
    static let summary = "fetch files over QUIC"
    static let help = """
        Usage: tern get URL... [OPTIONS]

        A URL is https://HOST[:PORT]/PATH (port 443) or HOST[:PORT]/PATH (port 4433). Files of one server come over one
        connection, each on a stream of its own, in the order given. A server has to speak tern-files (tern serve does) or
        hq-interop; only the former tells how large a file is, and goes on with a download that was broken off.

            -o, --output PATH  a file, a folder (with several files), or - for the standard output
            --discard          keep nothing, for a look at the rate
            --parallel N       as many streams at once, 32 unless given
            --no-resume        begin again although NAME.part is there
            --each             a connection for every file, one after the other
            --then-resume      the first file over one connection, the others over a second one that resumes its session
            --sessions FILE    keep sessions and address tokens there for the next time
            --0rtt             send the requests with the very first packets, where a kept session allows it. An attacker
                               can copy and repeat them
            --alpn A,B         only these: tern-files, hq-interop
            --migrate-after N  move to another port once N bytes are here (20M, for example)
            --update-keys      update the packet protection keys once the handshake is confirmed
            --no-pmtud         send no probes for a larger packet size
            --quiet            print nothing but errors
            --json             one object instead of a table
        \(ClientOptions.help)

        SSLKEYLOGFILE=FILE logs the secrets of connections for Wireshark.

        Examples: tern get localhost/big.iso --insecure
                  tern get https://example.org/a https://example.org/b --output downloads/
                  tern get host:4433/x --pin 3a5f… --sessions ~/.tern-sessions --0rtt

        Exit codes: 0 every file is here, 1 one is not, 2 not understood, 130 ended by Ctrl-C.
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        let options = try GetOptions(&arguments)
        let (downloads, log) = (Downloads(total: options.items.count, resumes: options.resumesFiles), GetLog(options))
        if let folder = options.output, folder.hasSuffix("/") { try DiskFile.createFolder(folder) }
        let wasInterrupted = try await Interruption.cancels {
            try await options.client.withEndpoint { endpoint in
                let showing = Task { await Self.show(downloads, options) }
                defer {
                    showing.cancel()
                    downloads.end()
                }
                for (server, items) in Self.byServer(options.items) {
                    try await GetClient(
                        options: options, server: server, items: items, endpoint: endpoint, downloads: downloads,
                        log: log
                    ).run()
                }
            }
        }
        Console.endProgress()
        let isComplete = log.end(downloads, asked: options.items.count, wasInterrupted: wasInterrupted)
        return isComplete ? 0 : wasInterrupted ? Interruption.exitCode : 1
    }

    /// In the order in which the servers are named first.
    private static func byServer(_ items: [GetItem]) -> [(HostAndPort, [GetItem])] {
        var order: [HostAndPort] = []
        var groups: [HostAndPort: [GetItem]] = [:]
        for item in items {
            if groups[item.server] == nil { order.append(item.server) }
            groups[item.server, default: []].append(item)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }

    private static func show(_ downloads: Downloads, _ options: GetOptions) async {
        guard !options.isQuiet, !options.isJSON, options.output != "-" else { return }
        let label = options.items.count == 1 ? options.items[0].path.printable : "\(options.items.count) files"
        var bar = ProgressBar(label)
        while !Task.isCancelled {
            bar.show(downloads.received, of: downloads.expected.flatMap { $0 > 0 ? $0 : nil })
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
