// An echo server and its client. The server writes its certificate to localhost.pem, the client trusts it.
//
//     swift run EchoExample server 4433
//     swift run EchoExample client localhost 4433 Good morning

import ExampleSupport

switch (Words.at(0), Words.all.count) {
case ("server", 1...2): try await EchoServer.run(port: Words.port(at: 1))
case ("client", 4...):
    try await EchoClient.run(host: Words.all[1], port: Words.port(at: 2), texts: Array(Words.all[3...]))
default: Words.explain("Usage: EchoExample server [PORT] | client HOST PORT TEXT...")
}
