import LibP2P
import QUICIO

/// `tern p2p send`
struct P2PSender: Sendable {
    private let options: P2POptions
    private let path: String
    private let name: String
    private let address: Multiaddress

    init(_ options: P2POptions, _ arguments: inout Arguments) throws {
        self.options = options
        let name = try arguments.option("--name")
        guard let path = arguments.next() else { throw UsageError(message: "send needs a FILE and an ADDRESS") }
        self.path = path
        self.name = name ?? path.split(separator: "/").last.map(String.init) ?? path
        self.address = try P2POptions.address(&arguments, of: "send")
        try arguments.end()
    }

    /// Returns the exit code.
    func run() async throws -> Int32 {
        let file: DiskFile
        do { file = try DiskFile.open(self.path) } catch {
            throw SendFailure("\(self.path) can't be read: \(error.message)")
        }
        let host = try self.options.host(dialling: self.address)
        let wasInterrupted = try await Interruption.cancels {
            try await host.run { host in
                let connection = try await P2PCall.connect(host, to: self.address)
                let begun = MonotonicClock.now()
                try await self.send(file, over: connection)
                self.tell(file.size, MonotonicClock.elapsed(since: begun))
            }
        }
        return wasInterrupted ? Interruption.exitCode : 0
    }

    private func tell(_ size: UInt64, _ time: Duration) {
        if self.options.isJSON {
            var object = JSONObject()
            object.add("name", self.name)
            object.add("bytes", size)
            object.add("seconds", time.seconds, digits: 6)
            Console.write(object.text)
        } else {
            Console.write(
                "sent \(self.name.printable), \(ByteCount.text(size)) in \(time.text), "
                    + ByteCount.rate(size, in: time))
        }
    }

    private func send(_ file: DiskFile, over connection: LibP2PConnection) async throws {
        let stream = try await connection.openStream(PeerFileProtocol.name)
        do {
            try await self.write(file, to: stream)
            try await stream.closeWrite()
            // The peer ends its side when it has the file.
            _ = try await TimeLimit.run(self.options.timeout) { try await stream.readToEnd(limit: 65_536) }
        } catch is StepTimeout {
            throw SendFailure("the peer has not confirmed the file within \(self.options.timeout.text)")
        } catch let error as LibP2PError {
            if Task.isCancelled { throw CancellationError() }
            guard [.streamReset, .streamStopped].contains(error.code) else { throw error }
            let refusal = error.applicationCode.flatMap(PeerFileProtocol.Refusal.init)
            // Some implementations answer a protocol that they do not speak in this way.
            throw SendFailure(
                refusal?.words ?? "\(error.description); does it take files? tern p2p identify shows what it speaks")
        }
    }

    private func write(_ file: DiskFile, to stream: LibP2PStream) async throws {
        let size = file.size
        try await stream.write(PeerFileProtocol.Announcement(name: self.name, size: size).line)
        var bar = ProgressBar(self.name.printable)
        defer { bar.end() }
        var sent: UInt64 = 0
        while sent < size {
            let count = Int(min(size - sent, UInt64(PeerFileProtocol.chunkSize)))
            let bytes = try file.read(count, at: sent)
            guard bytes.count == count else { throw SendFailure("\(self.path) has become shorter meanwhile") }
            try await stream.write(bytes)
            sent += UInt64(count)
            if !self.options.isJSON { bar.show(sent, of: size) }
        }
    }
}

/// A file could not be sent.
struct SendFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
