import QUIC
import QUICIO

/// `tern perf server`: serves until Ctrl-C, and then says what it did.
enum PerfServer {
    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        let isJSON = arguments.flag("--json")
        let options = try ServerOptions(&arguments)
        try arguments.end()
        let totals = PerfServerTotals()
        var server = try options.configuration(protocols: [PerfRequest.applicationProtocol])
        server.handler = { _ in PerfHandler(totals) }
        let endpoint = try await options.listen(server)
        if isJSON {
            var event = JSONObject()
            event.add("event", "listening")
            event.add("address", "\(await endpoint.localAddress)")
            if let pin = options.identity.pin { event.add("pin", "\(pin)") }
            Console.writeNow(event.text)
        } else {
            Console.writeNow(await options.greeting(endpoint))
        }
        let writing = Task { await options.traces?.keepWriting() }
        _ = await Interruption.wait()
        await endpoint.shutdown(deadline: .milliseconds(500))
        writing.cancel()
        await writing.value
        self.show(totals.values, isJSON)
        return 0
    }

    private static func show(_ totals: PerfServerTotals.Values, _ isJSON: Bool) {
        let processor = Double(ProcessorClock.now()) / 1e9
        if isJSON {
            var event = JSONObject()
            event.add("event", "end")
            event.add("connections", totals.connections)
            event.add("requests", totals.requests)
            event.add("bytes_received", totals.bytesReceived)
            event.add("bytes_sent", totals.bytesSent)
            event.add("processor_s", processor)
            Console.write(event.text)
        } else {
            Console.write(
                "\(totals.connections) connections, \(totals.requests) requests, "
                    + "\(ByteCount.text(totals.bytesReceived)) received, \(ByteCount.text(totals.bytesSent)) sent, "
                    + "\(processor.formatted(2)) s of processor time")
        }
    }
}
