internal import QUIC

/// A stream of a QUIC connection as what a libp2p stream runs on.
struct QUICDuplexStream: DuplexStream {
    /// The stream.
    let stream: QUICStream

    init(_ stream: QUICStream) { self.stream = stream }

    func read(maximum: Int) async throws(LibP2PError) -> [UInt8]? {
        do throws(QUICError) {
            return try await self.stream.read(maximum: maximum)
        } catch {
            throw LibP2PError(error)
        }
    }

    func write(_ bytes: [UInt8]) async throws(LibP2PError) {
        do throws(QUICError) {
            try await self.stream.write(bytes)
        } catch {
            throw LibP2PError(error)
        }
    }

    func finish() throws(LibP2PError) {
        do throws(QUICError) {
            try self.stream.finish()
        } catch {
            // A peer that has all it wanted may say so before we have said that it was all: no failure.
            guard error.code != .streamStopped else { return }
            throw LibP2PError(error)
        }
    }

    func stopReading(code: StreamCode) { self.stream.stopSending(code: code.rawValue) }

    func reset(code: StreamCode) { self.stream.abort(code: code.rawValue) }
}
