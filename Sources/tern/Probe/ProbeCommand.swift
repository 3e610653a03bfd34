import QUIC
import QUICIO
import Synchronization

/// `tern probe`: what do these servers speak, and what is wrong with those that do not answer?
enum ProbeCommand: Command {
    static let name = "probe"
    static let summary = "what QUIC servers speak: versions, protocols, certificate, 0-RTT, migration and more"
    static let help = """
        Usage: tern probe HOST[:PORT]... [OPTIONS]
               tern probe --public [OPTIONS]

        Asks servers what they speak and tries it, many at a time; port 443 where none is given. One row per server:

          versions      by version negotiation                       (--steps versions)
          protocols     of a list of known ones, or of --alpn        (alpn)
          handshake     how long it took                             (time)
          certificate   valid, or what is wrong; the rest is tried all the same   (certificate)
          Retry         the server first checks the client's address (retry)
          resumes       a second connection with a session ticket    (resumption)
          0-RTT         data with its first packets is accepted      (0rtt)
          key update    new keys in the middle of a connection       (keys)
          datagrams     the largest frame of RFC 9221, in bytes      (datagrams)
          migration     the client moves to another port             (migration)
          rebinding     its port changes unannounced, as behind NAT  (rebinding)
          ECN           congestion marks get through                 (ecn)
          path MTU      bytes of UDP payload that get through        (mtu)
          idle          silence after which the server hangs up      (idle)
          reset         it disowns closed connections (RFC 9000 §10.3)   (reset)

        "?" means that it could not be told, "–" that it was not tried.

          --public           a dozen well-known public servers
          --steps A,B        only these steps
          --alpn A,B         try these protocols: h3, hq-interop, doq, smb, perf, echo, tern-files, tern-transfer, libp2p
          --timeout S        seconds for each step: 3
          --wide             one table, however wide
          --json             one line of JSON per server, with everything and the reasons
        \(ClientOptions.help)

        Examples:
          tern probe example.org
          tern probe localhost:4433 [::1]:4434 --insecure --steps versions,retry,0rtt
          tern probe --public --json

        Exit codes: 0 every server answers and none has a problem, 1 one has, 2 not understood, 130 interrupted.
        """

    /// Servers that are looked at at a time.
    private static let width = 16

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        arguments.splitAssignments()
        let options = try ProbeOptions(&arguments)
        let results = Mutex([Int: ProbeResult]())
        let wasInterrupted = try await Interruption.cancels {
            await Self.probe(options) { number, result in
                let done = results.withLock { results in
                    results[number] = result
                    return results.count
                }
                Console.progress("\(done) of \(options.servers.count) servers answered or given up")
            }
        }
        Console.endProgress()
        let done = results.withLock { results in results.keys.sorted().compactMap { results[$0] } }
        if options.printsJSON {
            for result in done { Console.write(result.json.text) }
        } else if !done.isEmpty {
            Console.write(ProbeTable(done, options).text(width: Terminal.width))
        }
        if wasInterrupted {
            Console.complain("interrupted: \(done.count) of \(options.servers.count) servers were looked at")
            return Interruption.exitCode
        }
        return done.allSatisfy { $0.isReached && $0.problems.isEmpty } ? 0 : 1
    }

    private static func probe(_ options: ProbeOptions, _ note: @escaping @Sendable (Int, ProbeResult) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for (number, server) in options.servers.enumerated() {
                if number >= Self.width { await group.next() }
                group.addTask {
                    let result = await ServerProbe(server: server, options: options).run()
                    // What was cut short would be told as what is wrong with the server.
                    if !Task.isCancelled { note(number, result) }
                }
            }
        }
    }
}
