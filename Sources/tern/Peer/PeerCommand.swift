import QUIC

/// `tern peer`: one end of the interoperability matrix, with the flags and answers that the other stacks' programs share.
enum PeerCommand: Command {
    static let name = "peer"
    static let summary = "be one end of an interoperability test: server, client"
    static let help = """
        Usage: tern peer server [OPTIONS]
               tern peer client [OPTIONS]

        ALPN echo: bidirectional streams come back on themselves, unidirectional ones on a stream of the server's,
        datagrams as datagrams. ALPN perf: a stream of eight bytes, a length, is answered by that many bytes.

        both      --addr HOST:PORT   127.0.0.1:4433 unless given; a server may use port 0, and prints what it got
                  --alpn A,B         server: echo,perf; client: what the mode needs
                  --versions v1,v2   the preferred first; server: v1,v2; client: v1
                  --cipher NAME      aes128, aes256 or chacha20
                  --cc NAME          cubic, bbr or reno
                  --idle S           idle timeout, 60
                  --on loop|pool     what answers the peer: handlers on the event loop (the default), or tasks
                  --max-udp N        probe for datagrams of up to N bytes, beyond the usual 1452
                  --protection NAME  who seals packets with AES-GCM: library is GnuTLS, processor is Tern itself;
                                     automatic, the default, is the faster one

        server    --cert FILE --key FILE    certs/leaf.pem and certs/leaf.key unless given
                  --retry            every client must show its address
                  --secret FILE      32 random bytes or more: the keys of resets, tokens and tickets come from them
                  --seconds N        end after so long
                  --quiet            print nothing

        client    --mode MODE        echo, dgram, zerortt, migrate, keyupdate: features;
                                     down, up, both, ping, dgrams, hs, idle: figures
                  --ca FILE          certs/ca.pem; or --insecure, which checks nothing
                  --sni NAME         the name that the certificate must have: localhost
                  --bytes N --streams N --rounds N --count N --conc N --dgrams N --hold S
                  --conns N          down, up, both: so many connections share the bytes
                  --interval S       down: also tells how many bytes came in each S seconds
                  --resumed          hs: with tickets
                  --migrate-to ADDR  migrate: to this address of this host and back, under an echo of --bytes
                  --no-uni           echo without unidirectional streams
                  --expect-version V --expect-retry
                  --timeout S        30

        The client prints one JSON object with "ok" and ends with 0 where that is true.
        Example: tern peer client --addr 127.0.0.1:4433 --ca ca.pem --mode echo --streams 20
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        guard let role = arguments.next() else { throw UsageError(message: "peer needs a role: server or client") }
        switch role {
        case "server":
            let options = try PeerOptions(&arguments, isServer: true)
            try await PeerServer(options).run()
            return 0
        case "client": return await PeerClient(try PeerOptions(&arguments, isServer: false)).run()
        default: throw UsageError(message: "peer is server or client, not \(role)")
        }
    }
}
