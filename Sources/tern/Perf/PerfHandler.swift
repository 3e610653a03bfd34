import QUIC
import Synchronization

/// One connection to `tern perf server`. What comes before the handshake is complete may be a copy (RFC 8446 §8): it waits.
final class PerfHandler: QUICConnectionHandler {
    private let totals: PerfServerTotals
    private var service: PerfService?
    private var early: [StreamID] = []

    init(_ totals: PerfServerTotals) { self.totals = totals }

    func connected(_ connection: isolated QUICConnection) {
        self.service = PerfService(connection)
        for stream in self.early { self.service?.begin(stream, connection) }
        self.early = []
    }

    func streamOpened(_ stream: StreamID, early: Bool, on connection: isolated QUICConnection) {
        if self.service == nil { self.early.append(stream) } else { self.service?.begin(stream, connection) }
    }

    func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
        self.service?.receive(stream, connection)
    }

    func streamWritable(_ stream: StreamID, on connection: isolated QUICConnection) {
        self.service?.send(stream, connection)
    }

    func streamStopped(_ stream: StreamID, code: UInt64, on connection: isolated QUICConnection) {
        self.service?.forget(stream)
    }

    func streamClosed(_ stream: StreamID, on connection: isolated QUICConnection) { self.service?.forget(stream) }

    func closed(_ error: QUICError, on connection: isolated QUICConnection) {
        guard let service = self.service else { return }
        self.totals.add(service)
    }
}

/// What a server did for all its clients, those that are gone.
final class PerfServerTotals: Sendable {
    struct Values {
        var connections = 0
        var requests: UInt64 = 0
        var bytesReceived: UInt64 = 0
        var bytesSent: UInt64 = 0
    }

    private let state = Mutex(Values())

    var values: Values { self.state.withLock { $0 } }

    func add(_ service: PerfService) {
        self.state.withLock {
            $0.connections += 1
            $0.requests &+= service.requests
            $0.bytesReceived &+= service.bytesReceived
            $0.bytesSent &+= service.bytesSent
        }
    }
}
