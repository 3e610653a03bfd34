/// How a relay, or the peer behind it, answers (circuit-relay v2 §Status codes). Every number may come from a peer.
struct RelayStatus: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// The number that goes over the wire.
    let rawValue: UInt64

    /// The status of a message that has none, which says nothing (`UNUSED`).
    static let unused = RelayStatus(rawValue: 0)
    /// It is done.
    static let ok = RelayStatus(rawValue: 100)
    /// The relay keeps no place for us.
    static let reservationRefused = RelayStatus(rawValue: 200)
    /// A limit of the relay, or of the peer behind it, is reached.
    static let resourceLimitExceeded = RelayStatus(rawValue: 201)
    /// The relay does not do this for us.
    static let permissionDenied = RelayStatus(rawValue: 202)
    /// The peer behind the relay cannot be reached.
    static let connectionFailed = RelayStatus(rawValue: 203)
    /// The peer keeps no place at the relay.
    static let noReservation = RelayStatus(rawValue: 204)
    /// What was sent makes no sense.
    static let malformedMessage = RelayStatus(rawValue: 400)
    /// What was sent makes no sense at this point.
    static let unexpectedMessage = RelayStatus(rawValue: 401)

    /// The name, or the number where there is none.
    var description: String { Self.names[self.rawValue] ?? "status \(self.rawValue)" }

    private static let names: [UInt64: String] = [
        0: "unused", 100: "ok", 200: "reservation refused", 201: "resource limit exceeded", 202: "permission denied",
        203: "connection failed", 204: "no reservation", 400: "malformed message", 401: "unexpected message",
    ]
}
