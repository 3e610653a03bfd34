import QUIC

/// What one end counted, in a form that goes over the wire.
struct TransferFigures: Equatable {
    private var values: [String: UInt64] = [:]

    init(processor: UInt64, connection: ConnectionStatistics, endpoint: QUICEndpointStatistics) {
        self.values = [
            "processor_ns": processor,
            "datagrams_sent": connection.datagramsSent,
            "datagrams_received": connection.datagramsReceived,
            "packets_lost": connection.packetsLost,
            "smoothed_rtt_ns": Self.nanoseconds(connection.smoothedRTT),
            "minimum_rtt_ns": Self.nanoseconds(connection.minimumRTT),
            "congestion_window": connection.congestionWindow,
            "maximum_payload": UInt64(connection.maximumPayload),
            "socket_datagrams_sent": endpoint.sockets.datagramsSent,
            "socket_send_calls": endpoint.sockets.sendCalls,
            "socket_receive_calls": endpoint.sockets.receiveCalls,
            "socket_datagrams_received": endpoint.datagramsReceived,
            "receive_overflow": endpoint.sockets.receiveOverflow,
            "send_waits": endpoint.sockets.waits,
            "segments_on_send": endpoint.sockets.segmentsOnSend ? 1 : 0,
            "joins_on_receive": endpoint.sockets.joinsOnReceive ? 1 : 0,
        ]
    }

    /// Reads what `text` wrote; lines that are not understood are left out.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let value = UInt64(parts[1]) else { continue }
            self.values[String(parts[0])] = value
        }
    }

    var text: String { self.values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined() }

    subscript(name: String) -> UInt64 { self.values[name] ?? 0 }

    /// Seconds of a value in nanoseconds.
    func seconds(_ name: String) -> Double { Double(self[name]) / 1e9 }

    var datagramsPerSend: Double { Self.ratio(self["socket_datagrams_sent"], self["socket_send_calls"]) }
    var datagramsPerReceive: Double { Self.ratio(self["socket_datagrams_received"], self["socket_receive_calls"]) }

    private static func ratio(_ count: UInt64, _ calls: UInt64) -> Double { Double(count) / Double(max(calls, 1)) }

    private static func nanoseconds(_ duration: Duration) -> UInt64 { UInt64(max(duration.seconds, 0) * 1e9) }
}
