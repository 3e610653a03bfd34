import QUIC
import QUICIO
import Synchronization

/// One qlog file per connection, in a folder. Files are written as the connections go on.
final class TraceFolder: Sendable {
    private struct State {
        var traces: [Trace] = []
        var made = 0
    }

    private struct Trace {
        var sink: QlogSink
        let file: DiskFile
        var size: UInt64 = 0
    }

    private let path: String
    private let role: String
    private let begun = WallClock.now() / 1_000_000
    private let state = Mutex(State())

    /// Makes the folder where there is none.
    init(_ path: String, role: String) throws {
        do throws(Errno) { try DiskFile.createFolder(path) } catch {
            throw UsageError(message: "the folder \(path) for traces can't be made: \(error.message)")
        }
        self.path = path
        self.role = role
        if !EngineLibrary.writesQlogSafely {
            Console.warn(
                "ngtcp2 \(EngineLibrary.ngtcp2Version) has a defect in its qlog writer (CVE-2026-40170) unless your "
                    + "distribution corrected it: write traces only of peers that you trust")
        }
    }

    /// A sink for a new connection; nil where its file can't be made.
    func sink() -> QlogSink? {
        let sink = QlogSink(capacity: 64 << 20, trustsLibrary: true)
        return self.state.withLock { state in
            state.made += 1
            let name = "\(self.path)/\(self.begun)-\(state.made)_\(self.role).sqlog"
            do throws(Errno) {
                state.traces.append(Trace(sink: sink, file: try DiskFile.create(name)))
                return sink
            } catch {
                Console.warn("\(name) can't be written: \(error.message)")
                return nil
            }
        }
    }

    /// Writes what has come together since the last call.
    func write() {
        self.state.withLock { state in
            for index in state.traces.indices {
                let bytes = state.traces[index].sink.take()
                do throws(Errno) { try state.traces[index].file.write(bytes, at: state.traces[index].size) } catch {
                    Console.warn("a trace can't be written: \(error.message)")
                }
                state.traces[index].size += UInt64(bytes.count)
            }
            // Nobody else holds the sink of a connection that is gone. What it wrote last is written by the next call.
            let isOver = state.traces.indices.map { isKnownUniquelyReferenced(&state.traces[$0].sink) }
            var left: [Trace] = []
            for (index, trace) in state.traces.enumerated() where !isOver[index] { left.append(trace) }
            for (index, trace) in state.traces.enumerated() where isOver[index] {
                try? trace.file.write(trace.sink.take(), at: trace.size)
            }
            state.traces = left
        }
    }

    /// Writes now and then until it is cancelled, and a last time after that.
    func keepWriting() async {
        while !Task.isCancelled {
            self.write()
            try? await Task.sleep(for: .milliseconds(200))
        }
        self.write()
    }
}
