// A chat room. Who comes in says a name on a stream; what is said goes in datagrams, and may get lost.
//
//     swift run DatagramChatExample room 4433
//     swift run DatagramChatExample join localhost 4433 ada

import ExampleSupport

switch (Words.at(0), Words.all.count) {
case ("room", 1...2): try await ChatRoom.run(port: Words.port(at: 1))
case ("join", 4): try await ChatGuest.run(host: Words.all[1], port: Words.port(at: 2), name: Words.all[3])
default: Words.explain("Usage: DatagramChatExample room [PORT] | join HOST PORT NAME")
}
