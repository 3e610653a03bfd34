// DNS over QUIC (RFC 9250): a server for one small zone, and a client. Without a certificate of its own the server
// makes one and writes it to localhost.pem, which the client can trust.
//
//     swift run DNSOverQUICExample serve 8853
//     swift run DNSOverQUICExample query localhost --port 8853 --roots localhost.pem www.test A www.test AAAA
//     kdig @127.0.0.1 -p 8853 +tls-ca=localhost.pem +tls-hostname=localhost +quic www.test A

import ExampleSupport
import Foundation
import QUIC

let usage = """
    Usage: DNSOverQUICExample serve [PORT] [--certificate PEM --key PEM] [ZONEFILE]
           DNSOverQUICExample query SERVER [--port PORT] [--roots PEM] NAME TYPE [NAME TYPE]...
    The port is 853 unless given. A zone file has $ORIGIN, $TTL and records of A, AAAA, NS, SOA and TXT, one to a line.
    A query trusts the authorities that the system trusts, unless --roots names others.
    """

do {
    guard let arguments = Arguments(Array(Words.all.dropFirst())) else { Words.explain(usage) }
    switch Words.at(0) {
    case "serve":
        guard let (server, port) = try DoQServer.parse(arguments) else { Words.explain(usage) }
        let endpoint = try await server.listen(port: port)
        say("listening on \(await endpoint.localAddress)")
        try await server.serve(endpoint)
    case "query":
        guard let client = try DoQClient(arguments) else { Words.explain(usage) }
        exit(try await client.run() ? 0 : 1)
    default: Words.explain(usage)
    }
} catch {
    say("error: \(error)")
    exit(1)
}
