import QUIC
import QUICIO

/// What ended a transfer before it began.
private struct TransferFailure: Error, CustomStringConvertible {
    let description: String
}

/// `tern transfer`
enum TransferCommand: Command {
    static let name = "transfer"
    static let summary = "move data between two processes or machines over UDP"
    static let help = """
        Usage: tern transfer [OPTIONS]                      between two processes of this machine
               tern transfer serve [--port N] [--once]      the end that sends, for another machine
               tern transfer fetch HOST PORT PIN [OPTIONS]  the end that receives

        The receiving end shows how far it is, compares checksums, and closes with a table of both ends. A server prints
        the pin of its key, which the other end is given: that is how it knows whom it talks to.

            --gb N        how much to move, 1 unless given (in 10^9 bytes)
            --streams N   on N streams at once, 4 unless given
            --both        as much the other way at the same time, on as many streams more
            --json        one object instead of a table
            --quiet       no progress

        Example: tern transfer --gb 4 --streams 1
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        switch arguments.peek() {
        case "serve":
            _ = arguments.next()
            let port = UInt16(try arguments.number("--port", 0...65_535) ?? 4433)
            let (once, isLocal) = (arguments.flag("--once"), arguments.flag("--local"))
            try arguments.end()
            try await TransferServer.run(port: port, isLocal: isLocal, once: once)
            return 0
        case "fetch":
            _ = arguments.next()
            let (client, isJSON) = try self.client(&arguments)
            guard let host = arguments.next(), let port = arguments.next().flatMap(UInt16.init),
                let pin = arguments.next().flatMap(PublicKeyPin.init(hexadecimal:))
            else { throw UsageError(message: "transfer fetch needs a host, a port and the pin of 64 digits") }
            try arguments.end()
            return self.show(try await client.run(host: host, port: port, pin: pin), isJSON)
        default:
            let (client, isJSON) = try self.client(&arguments)
            try arguments.end()
            return self.show(try await self.runLocally(client), isJSON)
        }
    }

    private static func client(_ arguments: inout Arguments) throws -> (TransferClient, isJSON: Bool) {
        var client = TransferClient()
        client.bytes = Int((try arguments.number("--gb", 0.000_001...100_000) ?? 1) * 1e9)
        client.streams = Int(try arguments.number("--streams", 1...500) ?? 4)
        client.goesBothWays = arguments.flag("--both")
        client.showsProgress = !arguments.flag("--quiet")
        return (client, arguments.flag("--json"))
    }

    /// The other end is this program once more, in a process of its own.
    private static func runLocally(_ client: TransferClient) async throws -> TransferReport {
        let child = try ChildProcess.startThisProgram(["transfer", "serve", "--port", "0", "--local", "--once"])
        defer { child.end() }
        // listening on ADDRESS:PORT pin PIN
        let words = (child.readLine() ?? "").split(separator: " ")
        guard words.count == 5, let port = words[2].split(separator: ":").last.flatMap({ UInt16($0) }),
            let pin = PublicKeyPin(hexadecimal: String(words[4]))
        else { throw TransferFailure(description: "the other process did not start: its errors are above") }
        return try await client.run(host: "127.0.0.1", port: port, pin: pin)
    }

    private static func show(_ report: TransferReport, _ isJSON: Bool) -> Int32 {
        Console.write(isJSON ? report.json : report.table)
        return report.problems.isEmpty ? 0 : 1
    }
}
