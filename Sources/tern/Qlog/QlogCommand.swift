import QUICIO
import QlogReport

/// `tern qlog`
enum QlogCommand: Command {
    static let name = "qlog"
    static let summary = "turn a qlog trace into a page with plots that a browser opens"
    static let help = """
        Usage: tern qlog FILE... [--output PAGE.html] [--title TEXT] [--json]

        Reads traces of qlog 0.3 and newer (one record a line, or one JSON document) and writes one HTML page: congestion
        window, round trip, packets, streams, and a table of all packets. The page needs no network and loads nothing.
        The traces of both ends of a connection are put on one time axis.

            FILE             a trace, a folder of traces (.sqlog, .qlog, .json), or - for the input stream
            --output PAGE    where the page goes; without it, FILE with .html behind its name
            --title TEXT     the heading; without it, the name of the file
            --json           prints an object with the figures of each trace, and writes a page only with --output

        Example: tern simulate --mb 20 --cc cubic --qlog run && tern qlog run.client.sqlog run.server.sqlog
        """

    /// More than any trace that a browser could show.
    private static let largestFile = 2 << 30

    /// Each has a button.
    private static let mostTraces = 32

    /// What ended the command.
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        arguments.splitAssignments()
        let isJSON = arguments.flag("--json")
        let output = try arguments.option("--output")
        let title = try arguments.option("--title")
        var files: [String] = []
        while let word = arguments.next() {
            guard word == "-" || !word.hasPrefix("-") else { throw UsageError(message: "\(word) is not understood") }
            files += try self.traces(in: word)
        }
        guard let first = files.first else { throw UsageError(message: "qlog needs the name of a trace") }
        var traces: [QlogTrace] = []
        for file in files { traces += try self.read(file) }
        guard traces.count <= self.mostTraces else {
            throw Failure(
                description: "there are \(traces.count) traces, and a page shows \(self.mostTraces) at most: name fewer"
            )
        }
        TraceAlignment.align(&traces)
        let page = output ?? (isJSON ? nil : first == "-" ? "qlog.html" : "\(first).html")
        if let page {
            let html = QlogPage.html(traces, title: title ?? self.heading(files))
            do throws(Errno) {
                try DiskFile.write(html, to: page)
            } catch {
                throw Failure(description: "\(page) can't be written: \(error.message)")
            }
        }
        if isJSON {
            var object = JSONObject()
            if let page { object.add("page", page) } else { object.addNull("page") }
            object.add("traces", traces.map(self.figures(of:)))
            Console.write(object.text)
        } else {
            for trace in traces { Console.write(self.line(trace)) }
            for note in traces.flatMap(\.notes) { Console.write("note: \(note)") }
            if let page { Console.write("wrote \(page)") }
        }
        return 0
    }

    private static func traces(in word: String) throws -> [String] {
        guard word != "-", DiskFile.isFolder(word) else { return [word] }
        let folder = word.hasSuffix("/") ? String(word.dropLast()) : word
        let names = try DiskFile.names(in: word).filter { name in
            [".sqlog", ".qlog", ".json"].contains { name.hasSuffix($0) }
        }
        guard !names.isEmpty else { throw Failure(description: "\(word) holds no file that ends in .sqlog or .qlog") }
        return names.map { "\(folder)/\($0)" }
    }

    private static func read(_ file: String) throws -> [QlogTrace] {
        let name = file == "-" ? "the input" : file
        do {
            return try QlogReader.read(
                file == "-"
                    ? DiskFile.contentsOfInput(limit: self.largestFile)
                    : DiskFile.contents(of: file, limit: self.largestFile))
        } catch Errno.fileTooLarge {
            throw Failure(description: "\(name) is larger than 2 GiB, more than a browser could show")
        } catch let error as Errno {
            throw Failure(description: "\(name) can't be read: \(error.message)")
        } catch {
            throw Failure(description: "\(name): \(error)")
        }
    }

    private static func heading(_ files: [String]) -> String {
        files.map { $0 == "-" ? "qlog" : String($0.split(separator: "/").last ?? "qlog") }.joined(separator: " · ")
    }

    private static func line(_ trace: QlogTrace) -> String {
        let summary = TraceSummary(trace)
        let end = summary.vantage.isEmpty ? "trace" : summary.vantage
        return "\(end): \(summary.packetsSent) packets sent, \(summary.packetsReceived) received, "
            + "\(summary.packetsLost) lost, \(summary.duration.formatted(2)) s, "
            + "\((summary.goodput / 1e6).formatted(2)) Mbit/s"
    }

    private static func figures(of trace: QlogTrace) -> JSONObject {
        let summary = TraceSummary(trace)
        var object = JSONObject()
        object.add("vantage", summary.vantage)
        object.add("duration_s", summary.duration)
        object.add("packets_sent", summary.packetsSent)
        object.add("packets_received", summary.packetsReceived)
        object.add("packets_lost", summary.packetsLost)
        object.add("packets_lost_wrongly", summary.packetsLostWrongly)
        object.add("bytes_sent", summary.bytesSent)
        object.add("bytes_received", summary.bytesReceived)
        object.add("stream_bytes_sent", summary.streamBytesSent)
        object.add("stream_bytes_received", summary.streamBytesReceived)
        object.add("streams", summary.streams)
        object.add("goodput_mbit_per_s", summary.goodput / 1e6)
        object.add("handshake_ms", summary.handshake.map { $0 * 1e3 } ?? .nan)
        object.add("largest_cwnd", summary.largestWindow.map(Double.init) ?? .nan, digits: 0)
        object.add("min_rtt_ms", summary.minimumRTT ?? .nan)
        object.add("median_rtt_ms", summary.medianRTT ?? .nan)
        object.add("close", summary.close ?? "")
        object.add("notes", trace.notes.joined(separator: "; "))
        return object
    }
}
