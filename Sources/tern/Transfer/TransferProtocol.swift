import QUIC

/// What `tern transfer` says on a stream: nine bytes that ask, and the answer.
///
///     client: 0, count (8 bytes)     server: so many bytes, then their checksum (8 bytes)
///     client: 1, 0 (8 bytes)         server: lines of NAME VALUE: its figures since the first request
///     client: 2, count (8 bytes), so many bytes, their checksum (8 bytes)
///                                    server: 0 where it got them undamaged, otherwise 1 (8 bytes)
enum TransferProtocol {
    static let name = "tern-transfer"
    static let requestLength = 9
    static let figuresLimit = 65_536

    enum Request: Equatable {
        case data(Int)
        case figures
        case delivery(Int)

        var bytes: [UInt8] {
            switch self {
            case .data(let count): [0] + TransferProtocol.bytes(UInt64(count))
            case .figures: [1] + TransferProtocol.bytes(0)
            case .delivery(let count): [2] + TransferProtocol.bytes(UInt64(count))
            }
        }

        init?(_ bytes: [UInt8]) {
            guard bytes.count == TransferProtocol.requestLength else { return nil }
            let number = TransferProtocol.number(bytes.dropFirst())
            switch bytes[0] {
            case 0 where number <= 1 << 50: self = .data(Int(number))
            case 1: self = .figures
            case 2 where number <= 1 << 50: self = .delivery(Int(number))
            default: return nil
            }
        }
    }

    static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }

    static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    /// Sixteen megabytes in flight fill any loopback, and the windows need no time to grow.
    static var transport: EngineConfiguration {
        .defaults {
            $0.flowControl.connectionWindow = 16 << 20
            $0.flowControl.streamWindow = 4 << 20
            $0.flowControl.sendBuffer = 2 << 20
            $0.streams.bidirectional = 1_000
        }
    }
}

extension PublicKeyPin {
    /// Reads sixty-four hexadecimal digits.
    init?(hexadecimal text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == 64, text.count == 64 else { return nil }
        self.init(digest: stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }
}
