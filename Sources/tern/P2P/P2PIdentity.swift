import LibP2P
import QUICIO

/// `tern p2p id`: who a key makes its owner.
enum P2PIdentity {
    static func run(_ options: P2POptions, _ arguments: inout Arguments) throws -> Int32 {
        try arguments.end()
        guard let file = options.keyFile else { throw UsageError(message: "id needs --key FILE") }
        let isNew = DiskFile.size(of: file) == nil
        let key = try options.key()
        if options.isJSON {
            var object = JSONObject()
            object.add("peer_id", "\(key.peerID)")
            object.add("type", "\(key.type)")
            object.add("file", file)
            object.add("made", isNew)
            Console.write(object.text)
        } else {
            var table = Table()
            table.add("peer id", "\(key.peerID)")
            table.add("type", "\(key.type)")
            table.add("key file", isNew ? "\(file), made now: whoever has it is this peer" : file)
            Console.write(table.text)
        }
        return 0
    }
}
