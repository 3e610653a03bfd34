import LibP2P

/// `tern p2p`
enum P2PCommand: Command {
    static let name = "p2p"
    static let summary = "be a peer of a libp2p network, and try others"
    static let help = """
        Usage: tern p2p id --key FILE [--type TYPE]
               tern p2p listen [ADDRESS...] [OPTIONS]
               tern p2p dial ADDRESS [OPTIONS]
               tern p2p ping ADDRESS [OPTIONS]
               tern p2p identify ADDRESS [OPTIONS]
               tern p2p send FILE ADDRESS [OPTIONS]

        Speaks libp2p over QUIC. An ADDRESS is a multiaddress such as /ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3Koo…; to dial,
        the end from /p2p/ on may be left out, and then whoever answers will do.

        id        shows who the key in FILE makes its owner, and makes the key where there is no such file
        listen    serves echo, ping, identify and files until Ctrl-C: on every IPv4 address, port 4001, unless told
                  otherwise. Port 0 lets the system choose
          --receive DIR      keeps the files that peers send in this folder; without it files are refused. No file takes the
                             place of another one
          --limit SIZE       the largest file that is taken (2G, for example): 1G
          --relay A,B        keeps a place at these relays, so that others reach this peer through them
          --relay-server     relays for others, within limits: for hosts that everybody can reach
          --quiet            prints the addresses and nothing else
        dial      connects, shows who is there, and stays until Ctrl-C or until the connection ends
          --once             does not stay
        ping      sends pings of libp2p, one a second, until Ctrl-C
          -c, --count N      stops after so many
          -i INTERVAL        seconds from one to the next: 1
        identify  shows what a peer says of itself
        send      sends a file to a peer that takes some, such as tern p2p listen --receive
          --name NAME        what to call it there: its own name

        All of them:
          --key FILE         who to be: the key in this file, which is made where there is none. Without it, somebody new each
                             time
          --type TYPE        of a key that is made: ed25519, ecdsa, rsa or secp256k1: ed25519
          --timeout SECONDS  how long a dial, and what a peer is asked, may take: 15
          --json             one object at the end, or of listen one for each event

        Examples: tern p2p listen --key ~/.tern-peer --receive inbox
                  tern p2p ping /ip4/192.0.2.7/udp/4001/quic-v1 -c 3
                  tern p2p send song.ogg /dns4/peer.example/udp/4001/quic-v1/p2p/12D3Koo…

        Exit codes: 0 done, or ended by Ctrl-C where that is the end; 1 failed; 2 not understood.
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        arguments.splitAssignments()
        let word = arguments.next()
        switch word {
        case "id", "listen", "dial", "ping", "identify", "send": break
        case let word?: throw UsageError(message: "p2p can id, listen, dial, ping, identify or send, not \(word)")
        case nil:
            throw UsageError(
                message: "p2p needs to be told what to do: id, listen, dial, ping, identify or send")
        }
        let options = try P2POptions(&arguments)
        switch word {
        case "id": return try P2PIdentity.run(options, &arguments)
        case "listen": return try await P2PListener(options, &arguments).run()
        case "dial": return try await P2PVisit(options, &arguments).run()
        case "ping": return try await P2PPinger(options, &arguments).run()
        case "identify": return try await P2PInquiry(options, &arguments).run()
        default: return try await P2PSender(options, &arguments).run()
        }
    }
}
