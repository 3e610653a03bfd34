@_exported public import QUICEngine
package import QUICIO

/// One UDP port that dials and accepts at the same time.
///
///     let endpoint = try await QUICEndpoint.bind(to: .any(port: 4433))
///     try endpoint.listen(QUICServerConfiguration(identity: identity, protocols: ["echo"]))
///     try await endpoint.serve { connection in
///         try await connection.serveStreams { stream in
///             for try await chunk in stream { try await stream.write(chunk) }
///         }
///     }
///
/// Close it with ``shutdown(deadline:)``: connections are not closed because a handle goes away.
public final class QUICEndpoint: Sendable {
    let core: EndpointCore

    init(_ core: EndpointCore) { self.core = core }

    deinit { self.core.letGo() }

    /// Opens the port. `.any()` takes both address families and a port that the system chooses: right for clients.
    public static func bind(
        to address: NetworkAddress = .any(), configuration: QUICEndpointConfiguration = .defaults()
    ) async throws(QUICError) -> QUICEndpoint {
        try await Self.bind(to: address, configuration: configuration, system: LinuxDatagramSystem())
    }

    /// Opens the port on sockets that a test disturbs.
    package static func bind(
        to address: NetworkAddress, configuration: QUICEndpointConfiguration, system: any DatagramSystem
    ) async throws(QUICError) -> QUICEndpoint {
        try await Self.make(configuration, system) { number, first throws(SocketError) in
            var options = UDPSocketOptions(configuration)
            options.reusesPort = configuration.shards > 1
            // All shards share the port that the system chose for the first.
            let target = SocketAddress(number == 0 ? address : address.withPort(first?.localAddress.port ?? 0))
            return try Self.open(
                target, options, system, mayFallBack: number == 0 && address == .any(port: address.port))
        }
    }

    /// Takes over a bound UDP socket that was opened elsewhere: by a supervisor, or by a process that this one replaces.
    /// The endpoint closes it.
    public static func adopt(
        descriptor: Int32, configuration: QUICEndpointConfiguration = .defaults()
    ) async throws(QUICError) -> QUICEndpoint {
        guard configuration.shards == 1 else {
            throw QUICError(.invalidConfiguration, "a given socket is one socket: set shards to 1")
        }
        return try await Self.make(configuration, LinuxDatagramSystem()) { _, _ throws(SocketError) in
            try UDPSocket(adopting: descriptor, options: UDPSocketOptions(configuration))
        }
    }

    /// Opens a port and listens on it.
    public static func listen(
        on address: NetworkAddress, _ server: QUICServerConfiguration,
        configuration: QUICEndpointConfiguration = .defaults()
    ) async throws(QUICError) -> QUICEndpoint {
        let endpoint = try await Self.bind(to: address, configuration: configuration)
        try endpoint.listen(server)
        return endpoint
    }

    /// The address that packets come in on, with the port that was chosen.
    public var localAddress: NetworkAddress {
        get async {
            guard let router = self.core.routers.first else { return .any() }
            return await router.localAddress
        }
    }

    /// Where handlers can run that must answer at once: a task started with `Task(executorPreference: endpoint.executor)`
    /// runs on the event loop itself and hears of a packet without a change of threads. It must not block: nothing else
    /// of the endpoint happens meanwhile.
    public var executor: any TaskExecutor {
        self.core.routers.first?.loop.taskExecutor ?? EventLoop.shared(0).taskExecutor
    }

    private static func make(
        _ configuration: QUICEndpointConfiguration, _ system: any DatagramSystem,
        open: (Int, UDPSocket?) throws(SocketError) -> UDPSocket
    ) async throws(QUICError) -> QUICEndpoint {
        guard 1...64 ~= configuration.shards else {
            throw QUICError(.invalidConfiguration, "an endpoint has 1 to 64 shards, not \(configuration.shards)")
        }
        let keys: EndpointKeys
        do throws(EngineError) {
            if let given = configuration.keys { keys = given } else { keys = try EndpointKeys.random() }
        } catch {
            throw QUICError(error)
        }
        let core = EndpointCore(configuration, keys: keys, system: system)
        var sockets: [UDPSocket] = []
        do throws(SocketError) {
            for number in 0..<configuration.shards { sockets.append(try open(number, sockets.first)) }
            if sockets.count > 1, let offset = configuration.connectionIDs.forShard(0).shardByteOffset {
                try UDPSocket.attachSteering(to: sockets, shardByteOffset: offset)
            }
        } catch {
            for socket in sockets { socket.close() }
            throw QUICError(.socketFailed, error.description)
        }
        // What the first could not do, the others can't either: one warning.
        for note in sockets.first?.capabilities.notes ?? [] { core.warn(note) }
        let firstLoop = configuration.firstLoop ?? LoopNumbers.next()
        let loops = sockets.indices.map { configuration.loop ?? .shared(firstLoop + $0) }
        guard loops.allSatisfy(\.isOpen) else {
            for socket in sockets { socket.close() }
            throw QUICError(
                .socketFailed,
                "the process has no descriptor left for an event loop, which needs two: raise its limit (`ulimit -n`)")
        }
        let routers = sockets.indices.map {
            ConnectionRouter(core, shard: $0, loop: loops[$0], socket: sockets[$0])
        }
        core.setRouters(routers)
        for router in routers { await router.attach() }
        return QUICEndpoint(core)
    }

    /// Where the host has no IPv6, "every address" means every IPv4 address.
    private static func open(
        _ address: SocketAddress, _ options: UDPSocketOptions, _ system: any DatagramSystem, mayFallBack: Bool
    ) throws(SocketError) -> UDPSocket {
        do throws(SocketError) {
            return try UDPSocket(bindingTo: address, options: options, system: system)
        } catch {
            let ipv4 = SocketAddress(.anyIPv4(port: address.port))
            if mayFallBack, !options.isIPv6Only,
                let socket = try? UDPSocket(bindingTo: ipv4, options: options, system: system)
            {
                return socket
            }
            throw error
        }
    }
}

extension UDPSocketOptions {
    init(_ configuration: QUICEndpointConfiguration) {
        self.init()
        self.receiveBuffer = configuration.receiveBuffer
        self.sendBuffer = configuration.sendBuffer
        self.usesSegmentationOffload = configuration.usesOffload
        self.usesReceiveOffload = configuration.usesOffload
        self.marksECN = configuration.marksECN
        self.isIPv6Only = configuration.isIPv6Only
    }
}
