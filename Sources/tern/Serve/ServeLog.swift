import QUIC
import QUICIO

/// The lines that `tern serve` prints: for people, or one JSON object each.
struct ServeLog: Sendable {
    let isQuiet: Bool
    let isJSON: Bool

    /// Says where to call.
    func greet(_ options: ServerOptions, _ endpoint: QUICEndpoint, _ what: String) async {
        guard !self.isQuiet else { return }
        guard self.isJSON else {
            return Console.writeNow("serving \(what), \(await options.greeting(endpoint))")
        }
        var event = JSONObject()
        event.add("event", "listening")
        event.add("addr", "\(await endpoint.localAddress)")
        event.add("serving", what)
        if let pin = options.identity.pin { event.add("pin", "\(pin)") }
        Console.writeNow(event.text)
    }

    func add(_ event: FileServerEvent) {
        guard !self.isQuiet else { return }
        Console.writeNow(self.isJSON ? Self.json(event) : Self.line(event))
    }

    func end(_ figures: FileServer.Figures, isEcho: Bool) {
        guard !self.isQuiet, !isEcho else { return }
        if self.isJSON {
            var object = JSONObject()
            object.add("event", "end")
            object.add("connections", figures.connections)
            object.add("files", figures.files)
            object.add("refused", figures.refused)
            object.add("bytes", figures.bytes)
            return Console.writeNow(object.text)
        }
        Console.writeNow(
            "served \(figures.files) files, \(ByteCount.text(figures.bytes)), on \(figures.connections) connections"
                + (figures.refused > 0 ? "; \(figures.refused) requests came to nothing" : ""))
    }

    private static func line(_ event: FileServerEvent) -> String {
        switch event {
        case .connected(let client, let summary):
            return "\(Style.dim("\(client)")) connected, \(summary.applicationProtocol), v\(summary.version), "
                + "\(summary.cipher)\(summary.isResumed ? ", resumed" : "")"
                + (summary.acceptedEarlyData ? ", with 0-RTT data" : "")
        case .served(let client, let path, let bytes, let time):
            return "\(Style.dim("\(client)")) \(Style.green("GET")) \(path.printable) \(ByteCount.text(bytes)) "
                + "\(time.text) \(ByteCount.rate(bytes, in: time))"
        case .refused(let client, let what, let refusal):
            return "\(Style.dim("\(client)")) \(Style.yellow("\(refusal.rawValue)")) \(what.printable)"
        case .broken(let client, let reason):
            return "\(Style.dim("\(client)")) \(Style.red("broken")) \(reason.printable)"
        }
    }

    private static func json(_ event: FileServerEvent) -> String {
        var object = JSONObject()
        switch event {
        case .connected(let client, let summary):
            object.add("event", "connected")
            object.add("peer", "\(client)")
            object.add("alpn", summary.applicationProtocol)
            object.add("version", "v\(summary.version)")
            object.add("cipher", summary.cipher)
            object.add("resumed", summary.isResumed)
            object.add("early", summary.acceptedEarlyData)
        case .served(let client, let path, let bytes, let time):
            object.add("event", "served")
            object.add("peer", "\(client)")
            object.add("path", path)
            object.add("bytes", bytes)
            object.add("seconds", time.seconds, digits: 6)
        case .refused(let client, let what, let refusal):
            object.add("event", "refused")
            object.add("peer", "\(client)")
            object.add("what", what)
            object.add("code", refusal.rawValue)
        case .broken(let client, let reason):
            object.add("event", "broken")
            object.add("peer", "\(client)")
            object.add("reason", reason)
        }
        return object.text
    }
}
