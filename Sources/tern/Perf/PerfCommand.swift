/// `tern perf`: how fast, with whichever implementation at the other end that speaks ALPN `perf`.
enum PerfCommand: Command {
    static let name = "perf"
    static let summary = "measure throughput, latency and handshakes: server, client"
    static let help = """
        Usage: tern perf server [OPTIONS]
               tern perf client HOST[:PORT] [TEST]... [OPTIONS]

        ALPN perf: a stream of eight bytes, a length, and anything behind it is answered by so many bytes.

        tests     --down [SIZE]      download so much; without SIZE for --time
                  --up [SIZE]        upload
                  --both [SIZE]      so much each way at the same time, on streams of their own
                  --requests [N]     requests on a stream each, and how long each takes
                  --handshakes [N]   new connections, and how long each takes; --resume: of an earlier session
                  --all              all of these for --time each, as one table
                  Without a test: --down --up. SIZE is in bytes: 500k, 20M, 1G.

        client    --time S           how long a test without SIZE or N goes on: 5; 3 with --all
                  --streams N        on so many streams per connection and direction: 1
                  --connections N    on so many connections: 1
                  --concurrency N    so many requests or handshakes at a time: 1
                  --request-size N --response-size N   in bytes: 100 and 100
                  --on loop|pool     where the client's own code runs: on the event loop (loop), or on Swift's
                                     threads, as most applications do
                  --json             one object instead of tables
        \(ClientOptions.help)

        server    --json             one object per event
        \(ServerOptions.help)

        What is measured:
          goodput    bytes of the application / time from the first request to the last byte. The connections
                     exist by then; slow start is part of it. Of an upload the last byte is the server's answer.
          latency    from opening the stream to the last byte of the answer. Up to 100 requests go before, to warm up.
          handshake  from the call to the completed handshake, name look-up included once before. With --resume each
                     connection also waits for its ticket, which lowers the rate but is not in the times.
          processor  user and system time of this process, all threads.

        Example: tern perf server --port 4433
                 tern perf client localhost:4433 --insecure --all
                 tern perf client 192.0.2.7:4433 --pin HEX --down 1G --streams 4
                 tern perf client localhost:4433 --insecure --requests 100k --concurrency 8 --json
        Exit codes: 0 measured, 1 failed, 2 not understood, 130 interrupted (what was measured until then is shown).
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        guard let role = arguments.next() else { throw UsageError(message: "perf needs a role: server or client") }
        arguments.splitAssignments()
        switch role {
        case "server": return try await PerfServer.run(&arguments)
        case "client": return try await PerfClient.run(&arguments)
        default: throw UsageError(message: "perf is server or client, not \(role)")
        }
    }
}
