import QUIC

/// Sends back what arrives, on the event loop.
final class EchoHandler: QUICConnectionHandler {
    private var waiting: [StreamID: [Chunk]] = [:]

    func streamReadable(_ stream: StreamID, on connection: isolated QUICConnection) {
        while let chunk = connection.readChunk(stream) { self.waiting[stream, default: []].append(chunk) }
        self.streamWritable(stream, on: connection)
    }

    func streamWritable(_ stream: StreamID, on connection: isolated QUICConnection) {
        while let chunk = self.waiting[stream]?.first {
            guard connection.write(chunk, to: stream) else { return }
            self.waiting[stream]?.removeFirst()
        }
        if connection.isAtEnd(stream) { connection.finish(stream) }
    }

    func streamClosed(_ stream: StreamID, on connection: isolated QUICConnection) { self.waiting[stream] = nil }

    func datagramReadable(on connection: isolated QUICConnection) {
        while let datagram = connection.readDatagram() { connection.sendDatagramNow(datagram) }
    }
}
