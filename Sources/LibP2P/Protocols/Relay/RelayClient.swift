internal import QUICEngine
internal import QUICIO

/// Keeps places at relays, and makes connections through them (circuit-relay v2), in both roles.
final class RelayClient: Sendable {
    private let identity: TLSIdentity
    private let time: TimeSource
    private let secondsSince1970: @Sendable () -> Int64
    /// The places that are kept, by relay; as many as the application asks for.
    private let places = Signal<[PeerID: RelayPlace]>([:])

    /// `identity` is what relayed peers are shown: the host's certificate.
    init(
        identity: TLSIdentity, time: TimeSource = .continuous,
        secondsSince1970: @escaping @Sendable () -> Int64 = { WallClock.seconds() }
    ) {
        self.identity = identity
        self.time = time
        self.secondsSince1970 = secondsSince1970
    }

    /// Where others reach this host through its relays now.
    var addresses: [Multiaddress] { self.places.withLock { $0.values.flatMap(\.addresses) } }

    /// The connection to a relay is lost, and the place with it. ``hold(at:address:on:onChange:)`` asks for another.
    func forget(_ relay: PeerID) { self.places.update { $0[relay] = nil } }

    /// Keeps a place at a relay until the task is cancelled: asks again before it ends, and when it is lost.
    ///
    /// `address` is where the relay was dialled. `onChange` hears of each change of ``addresses``, with the error where a
    /// place could not be had.
    func hold(
        at relay: PeerID, address: Multiaddress, on network: any RelayNetwork,
        onChange: @escaping @Sendable (LibP2PError?) -> Void
    ) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(LibP2PError) {
                let place = try await self.reserve(at: relay, address: address, on: network)
                failures = 0
                onChange(nil)
                // A quarter of its time, and at most five minutes, is left to try again.
                let margin = min(place.duration / 4, .seconds(300))
                await self.wait(place.duration - margin, orLossOf: relay)
            } catch {
                self.forget(relay)
                guard error.code != .cancelled else { break }
                onChange(error)
                try? await self.time.sleep(.seconds(5 << min(failures, 6)))
                failures += 1
            }
        }
        self.forget(relay)
        onChange(nil)
    }

    /// Asks a relay for a place, or to keep it longer.
    func reserve(
        at relay: PeerID, address: Multiaddress, on network: any RelayNetwork
    ) async throws(LibP2PError) -> RelayPlace {
        let stream = try await network.openStream(to: relay, [RelayProtocol.hop], overRelayed: false)
        let answer: HopMessage
        do throws(LibP2PError) {
            try await stream.writeMessage(HopMessage(.reserve).encoded)
            answer = try await RelayProtocol.read(
                HopMessage.self, from: stream, within: RelayProtocol.messageDeadline, self.time)
        } catch {
            stream.reset()
            throw error
        }
        await stream.close()
        try Self.check(answer, of: relay)
        let place = try self.place(answer, relay, address, self: network.key.peerID)
        self.places.update { $0[relay] = place }
        return place
    }

    /// Dials `/…/p2p/RELAY/p2p-circuit/p2p/TARGET`.
    func dial(_ address: Multiaddress, on network: any RelayNetwork) async throws(LibP2PError) -> RelayedConnection {
        guard let (relayAddress, target) = address.relay, let relay = relayAddress.peerID, let target else {
            throw LibP2PError(.noAddress, "\(address) must name the relay and the peer: …/p2p/…/p2p-circuit/p2p/…")
        }
        guard target != network.key.peerID else {
            throw LibP2PError(.noAddress, "\(address) is this host's own address")
        }
        let stream = try await network.openStream(to: relay, [RelayProtocol.hop], overRelayed: false)
        do throws(LibP2PError) {
            try await stream.writeMessage(HopMessage(.connect, peer: RelayPeer(id: target)).encoded)
            let answer = try await RelayProtocol.read(
                HopMessage.self, from: stream, within: RelayProtocol.connectDeadline + .seconds(5), self.time)
            try Self.check(answer, of: relay)
            let upgraded = try await StreamUpgrade.dial(
                over: stream, identity: self.identity, expecting: target, time: self.time)
            let info = ConnectionInfo(
                peer: target, direction: .outbound, localAddress: .relayed(through: relayAddress, to: nil),
                remoteAddress: .relayed(through: relayAddress, to: target))
            return RelayedConnection(
                base: upgraded.connection, peer: upgraded.peer, info: info, limit: answer.limit)
        } catch {
            if error.code != .wrongPeer { stream.reset() }
            throw error
        }
    }

    /// Serves a stream for ``RelayProtocol/stop`` that came over `connection`: `adopt` takes the connection that comes of
    /// it, and this returns when that has ended.
    func serve(
        _ stream: LibP2PStream, over connection: ConnectionInfo,
        adopt: @Sendable (RelayedConnection) throws(LibP2PError) -> Void
    ) async throws(LibP2PError) {
        guard let relayed = try await self.accept(stream, over: connection) else { return }
        do throws(LibP2PError) { try adopt(relayed) } catch {
            relayed.base.close(code: .gated, reason: error.description)
            throw error
        }
        // The host finishes a stream whose handler returns, and this one carries the connection.
        _ = await relayed.base.closed()
    }

    /// nil: it was refused.
    private func accept(
        _ stream: LibP2PStream, over connection: ConnectionInfo
    ) async throws(LibP2PError) -> RelayedConnection? {
        let message: StopMessage
        do throws(LibP2PError) {
            message = try await RelayProtocol.read(
                StopMessage.self, from: stream, within: RelayProtocol.messageDeadline, self.time)
        } catch {
            guard error.code != .timedOut, error.code != .cancelled else { throw error }
            return try await self.refuse(stream, .malformedMessage)
        }
        guard message.kind == .connect else { return try await self.refuse(stream, .unexpectedMessage) }
        guard let source = message.peer?.id else { return try await self.refuse(stream, .malformedMessage) }
        // Only relays that we asked to may bring us peers.
        guard !connection.isRelayed, self.places.withLock({ $0[stream.peer] != nil }) else {
            return try await self.refuse(stream, .permissionDenied)
        }
        try await stream.writeMessage(StopMessage(.status, status: .ok).encoded)
        let upgraded = try await StreamUpgrade.accept(
            over: stream, identity: self.identity, expecting: source, time: self.time)
        let relay = connection.remoteAddress.withoutPeer.appending(stream.peer)
        let info = ConnectionInfo(
            peer: source, direction: .inbound, localAddress: .relayed(through: relay, to: nil),
            remoteAddress: .relayed(through: relay, to: source))
        return RelayedConnection(base: upgraded.connection, peer: upgraded.peer, info: info, limit: message.limit)
    }

    private func refuse(_ stream: LibP2PStream, _ status: RelayStatus) async throws(LibP2PError) -> RelayedConnection? {
        try await stream.writeMessage(StopMessage(.status, status: status).encoded)
        try await stream.closeWrite()
        return nil
    }

    private func wait(_ duration: Duration, orLossOf relay: PeerID) async {
        await withTaskGroup { group in
            group.addTask { try? await self.time.sleep(duration) }
            group.addTask { _ = try? await self.places.wait { $0[relay] == nil ? true : nil } }
            await group.next()
            group.cancelAll()
        }
    }

    private func place(
        _ answer: HopMessage, _ relay: PeerID, _ address: Multiaddress, self peer: PeerID
    ) throws(LibP2PError) -> RelayPlace {
        guard let reservation = answer.reservation else {
            throw LibP2PError(.protocolViolation, "the relay \(relay) says that it keeps a place, and not for how long")
        }
        let left = Int64(clamping: reservation.expiration).subtractingReportingOverflow(self.secondsSince1970())
        guard left.partialValue > 0, !left.overflow else {
            throw LibP2PError(.protocolViolation, "the relay \(relay) gives a place that has ended. Compare the clocks")
        }
        if let voucher = reservation.voucher { try Self.check(voucher, relay, peer) }
        // The address that we dialled is good for sure; what the relay says of itself may be better for others.
        var relays = [address.withoutPeer.appending(relay)]
        for bytes in reservation.addresses {
            guard let address = try? Multiaddress(bytes: bytes), !address.isRelayed else { continue }
            let full = address.withoutPeer.appending(relay)
            if !relays.contains(full), relays.count < 16 { relays.append(full) }
        }
        return RelayPlace(
            // Nobody needs a place for longer without asking again.
            relay: relay, duration: .seconds(min(left.partialValue, 86_400)),
            addresses: relays.map { .relayed(through: $0, to: peer) }, limit: answer.limit)
    }

    private static func check(_ voucher: [UInt8], _ relay: PeerID, _ peer: PeerID) throws(LibP2PError) {
        let (content, signer) = try SignedEnvelope(decoding: voucher).open(as: ReservationVoucher.self)
        guard signer.peerID == relay, content.relay == relay, content.peer == peer else {
            throw LibP2PError(.wrongPeer, "the relay \(relay) gave a voucher that is not its own, or not for this host")
        }
    }

    private static func check(_ answer: HopMessage, of relay: PeerID) throws(LibP2PError) {
        guard answer.kind == .status, let status = answer.status else {
            throw LibP2PError(.protocolViolation, "the relay \(relay) did not answer with a status")
        }
        guard status == .ok else {
            throw LibP2PError(
                .unreachable, "the relay \(relay) refused: \(status)", applicationCode: status.rawValue)
        }
    }
}
