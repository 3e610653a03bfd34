public import QUICEngine

/// The server that a ticket or token is for: another port or another application may be another server.
public struct ServerKey: Hashable, Sendable, CustomStringConvertible {
    /// The host as it was dialled, in lower case.
    public let host: String
    /// The UDP port.
    public let port: UInt16
    /// The application protocol (ALPN); empty where it does not matter.
    public let applicationProtocol: String

    /// Names a server. Host names do not differ by case.
    public init(host: String, port: UInt16, applicationProtocol: String = "") {
        self.host = host.lowercased()
        self.port = port
        self.applicationProtocol = applicationProtocol
    }

    /// The host, the port and the application protocol.
    public var description: String { "\(self.host):\(self.port) \(self.applicationProtocol)" }
}

/// Where a client keeps the tickets that resume sessions.
///
/// A ticket is given out once: two connections with the same one could be told to be the same client's
/// (RFC 8446 App. C.4).
public protocol SessionStore: Sendable {
    /// Removes the newest ticket for the server and returns it.
    func takeTicket(for server: ServerKey) -> ResumptionTicket?

    /// Keeps a ticket for a later connection to the server.
    func store(_ ticket: ResumptionTicket, for server: ServerKey)
}

/// Where a client keeps the tokens that prove to servers that its address is its own.
///
/// A token is given out once, for the same reason as a ticket (RFC 9000 §8.1.3).
public protocol TokenStore: Sendable {
    /// Removes the newest token for the server and returns it.
    func takeToken(for server: ServerKey) -> [UInt8]?

    /// Keeps a token for a later connection to the server.
    func store(token: [UInt8], for server: ServerKey)
}

/// How much a store keeps, and for how long.
public struct StoreLimits: Hashable, Sendable {
    /// For how many servers; beyond it the one that was not used for longest is forgotten.
    public var servers = 256
    /// How many tickets, and as many tokens, for each server; beyond it the oldest goes.
    public var entriesPerServer = 4
    /// How many bytes one ticket or token may have; larger ones are not kept.
    public var entrySize = 65_536
    /// How long. RFC 8446 §4.6.1 allows a week for tickets; a shorter lifetime of their own ends them earlier.
    public var age: Duration = .seconds(7 * 86_400)

    /// The defaults.
    public init() {}
}
