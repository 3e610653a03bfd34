internal import QUIC

/// A QUIC connection as what a libp2p connection runs on.
final class QUICMuxedConnection: MuxedConnection {
    let connection: QUICConnection

    var isOpen: Bool { self.connection.closeError == nil }

    init(_ connection: QUICConnection) { self.connection = connection }

    func openStream() async throws(LibP2PError) -> any DuplexStream {
        do throws(QUICError) {
            return QUICDuplexStream(try await self.connection.openStream())
        } catch {
            throw LibP2PError(error)
        }
    }

    func acceptStream() async throws(LibP2PError) -> any DuplexStream {
        do throws(QUICError) {
            return QUICDuplexStream(try await self.connection.acceptStream(.bidirectional))
        } catch {
            throw LibP2PError(error)
        }
    }

    func close(code: ConnectionCode, reason: String) { self.connection.close(code: code.rawValue, reason: reason) }

    func closed() async -> LibP2PError {
        do throws(QUICError) {
            return LibP2PError(try await self.connection.closed())
        } catch {
            return LibP2PError(error)
        }
    }
}
