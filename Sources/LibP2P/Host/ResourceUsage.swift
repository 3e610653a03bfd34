/// How much of a host's ``ResourceLimits`` is in use.
///
///     let usage = host.usage
///     print("\(usage.connections.all) connections, \(usage.streams.inbound) streams that peers opened")
public struct ResourceUsage: Hashable, Sendable {
    /// A number for each direction.
    public struct Tally: Hashable, Sendable {
        /// Begun by peers.
        public internal(set) var inbound = 0
        /// Begun by this host.
        public internal(set) var outbound = 0
        /// Both together.
        public var all: Int { self.inbound + self.outbound }

        subscript(direction: ConnectionDirection) -> Int {
            get { direction == .inbound ? self.inbound : self.outbound }
            set {
                if direction == .inbound { self.inbound = newValue } else { self.outbound = newValue }
            }
        }
    }

    /// Connections, with those whose peer is not yet authenticated.
    public internal(set) var connections = Tally()
    /// Connections whose peer is not yet authenticated.
    public internal(set) var transientConnections = Tally()
    /// Streams, with those that have no protocol yet.
    public internal(set) var streams = Tally()
    /// Streams that have no protocol yet.
    public internal(set) var transientStreams = Tally()
    /// Bytes that are reserved.
    public internal(set) var memory = 0
    /// Peers that have something of this.
    public internal(set) var peers = 0
}
