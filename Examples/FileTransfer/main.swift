// A folder's files, each on a stream of its own, several at once. The server never leaves its folder, whatever a
// client asks for; the client never leaves its own, whatever a server offers.
//
//     swift run FileTransferExample serve FOLDER 4433
//     swift run FileTransferExample fetch localhost 4433 INTO           everything
//     swift run FileTransferExample fetch localhost 4433 INTO NAME...   these files

import ExampleSupport
import Foundation

do {
    switch (Words.at(0), Words.all.count) {
    case ("serve", 2...3): try await FileServer.run(folder: Words.all[1], port: Words.port(at: 2))
    case ("fetch", 4...):
        let client = FileClient(host: Words.all[1], port: Words.port(at: 2), into: try Folder(Words.all[3]))
        try await client.run(names: Array(Words.all[4...]))
    default: Words.explain("Usage: FileTransferExample serve FOLDER [PORT] | fetch HOST PORT INTO [NAME...]")
    }
} catch {
    say("error: \(error)")
    exit(1)
}
