/// The frames of QUIC (RFC 9000 §19, RFC 9221), and the numbers of each that are kept.
enum FrameKind: Int, CaseIterable {
    case padding, ping, ack, resetStream, stopSending, crypto, newToken, stream, maxData, maxStreamData, maxStreams
    case dataBlocked, streamDataBlocked, streamsBlocked, newConnectionID, retireConnectionID, pathChallenge
    case pathResponse, connectionClose, handshakeDone, datagram, other

    /// The name in qlog.
    var name: String {
        switch self {
        case .padding: "padding"
        case .ping: "ping"
        case .ack: "ack"
        case .resetStream: "reset_stream"
        case .stopSending: "stop_sending"
        case .crypto: "crypto"
        case .newToken: "new_token"
        case .stream: "stream"
        case .maxData: "max_data"
        case .maxStreamData: "max_stream_data"
        case .maxStreams: "max_streams"
        case .dataBlocked: "data_blocked"
        case .streamDataBlocked: "stream_data_blocked"
        case .streamsBlocked: "streams_blocked"
        case .newConnectionID: "new_connection_id"
        case .retireConnectionID: "retire_connection_id"
        case .pathChallenge: "path_challenge"
        case .pathResponse: "path_response"
        case .connectionClose: "connection_close"
        case .handshakeDone: "handshake_done"
        case .datagram: "datagram"
        case .other: "other"
        }
    }

    /// What is kept of it, in this order. An acknowledgement is followed by its ranges, a stream frame by its end.
    var fields: [String] {
        switch self {
        case .padding, .ping, .handshakeDone, .pathChallenge, .pathResponse: []
        case .ack: ["ack_delay"]
        case .resetStream: ["stream_id", "error_code", "final_size"]
        case .stopSending: ["stream_id", "error_code"]
        case .crypto: ["offset", "length"]
        case .newToken, .datagram: ["length"]
        case .stream: ["stream_id", "offset", "length"]
        case .maxData, .maxStreams: ["maximum"]
        case .maxStreamData: ["stream_id", "maximum"]
        case .dataBlocked, .streamsBlocked: ["limit"]
        case .streamDataBlocked: ["stream_id", "limit"]
        case .newConnectionID: ["sequence_number", "retire_prior_to"]
        case .retireConnectionID: ["sequence_number"]
        case .connectionClose: ["error_code"]
        case .other: ["frame_type_value"]
        }
    }

    /// The kind that a qlog frame names.
    init(_ frame: JSONValue) {
        let name = frame["frame_type"]
        self = Self.common.first { name.isText($0.name) } ?? Self.allCases.first { name.isText($0.name) } ?? .other
    }

    /// What most packets are made of comes first.
    private static let common: [FrameKind] = [.stream, .ack, .padding]
}
