internal import QUICIO
internal import Synchronization

/// Relays between peers that can't reach each other (circuit-relay v2 §Hop Protocol), within limits.
final class RelayServer: Sendable {
    private let limits: RelayLimits
    private let ledger: Mutex<RelayLedger>
    private let time: TimeSource
    private let secondsSince1970: @Sendable () -> Int64

    init(
        _ limits: RelayLimits = RelayLimits(), time: TimeSource = .continuous,
        secondsSince1970: @escaping @Sendable () -> Int64 = { WallClock.seconds() }
    ) {
        self.limits = limits
        self.ledger = Mutex(RelayLedger(limits))
        self.time = time
        self.secondsSince1970 = secondsSince1970
    }

    /// For how many peers a place is kept, and how many connections are relayed.
    var usage: (reservations: Int, circuits: Int) {
        self.ledger.withLock { ($0.reservationCount, $0.circuitCount) }
    }

    /// A peer has no connection to us any more.
    func forget(_ peer: PeerID) { self.ledger.withLock { $0.release(peer) } }

    /// Serves a stream for ``RelayProtocol/hop`` that came over `connection`; returns once what was relayed is over.
    func serve(
        _ stream: LibP2PStream, over connection: ConnectionInfo, on network: any RelayNetwork
    ) async throws(LibP2PError) {
        let message: HopMessage
        do throws(LibP2PError) {
            message = try await RelayProtocol.read(
                HopMessage.self, from: stream, within: RelayProtocol.messageDeadline, self.time)
        } catch {
            guard error.code != .timedOut, error.code != .cancelled else { throw error }
            return try await self.refuse(stream, .malformedMessage)
        }
        // A relay behind a relay would make limits meaningless.
        guard !connection.isRelayed else { return try await self.refuse(stream, .permissionDenied) }
        switch message.kind {
        case .reserve: try await self.reserve(stream, connection.remoteAddress, network)
        case .connect: try await self.connect(stream, to: message.peer?.id, network)
        case .status: try await self.refuse(stream, .unexpectedMessage)
        }
    }

    private func reserve(
        _ stream: LibP2PStream, _ address: Multiaddress, _ network: any RelayNetwork
    ) async throws(LibP2PError) {
        let now = self.time.now()
        if let status = self.ledger.withLock({ $0.reserve(for: stream.peer, at: address, now: now) }) {
            return try await self.refuse(stream, status)
        }
        let seconds = self.limits.reservationDuration.components.seconds
        let end = UInt64(clamping: self.secondsSince1970().addingReportingOverflow(seconds).partialValue)
        let voucher = ReservationVoucher(relay: network.key.peerID, peer: stream.peer, expiration: end)
        let envelope = try SignedEnvelope(sealing: voucher, with: network.key)
        let addresses = network.listenAddresses.filter { $0.reach == .global || $0.reach == .privateNetwork }
        let reservation = RelayReservation(
            expiration: end, addresses: addresses.prefix(16).map { $0.withoutPeer.appending(network.key.peerID).bytes },
            voucher: envelope.encoded)
        try await self.answer(
            stream, HopMessage(.status, reservation: reservation, limit: self.limits.message, status: .ok))
        try await stream.closeWrite()
    }

    private func connect(
        _ stream: LibP2PStream, to target: PeerID?, _ network: any RelayNetwork
    ) async throws(LibP2PError) {
        guard let target else { return try await self.refuse(stream, .malformedMessage) }
        guard target != network.key.peerID else { return try await self.refuse(stream, .permissionDenied) }
        let circuit = RelayLedger.Circuit(source: stream.peer, target: target)
        let now = self.time.now()
        if let status = self.ledger.withLock({ $0.open(circuit, now: now) }) {
            return try await self.refuse(stream, status)
        }
        defer { self.ledger.withLock { $0.close(circuit) } }
        let other: LibP2PStream
        do throws(LibP2PError) {
            other = try await self.time.limit(RelayProtocol.connectDeadline, for: "reaching the peer") {
                () async throws(LibP2PError) in try await self.reach(circuit, network)
            }
        } catch {
            guard error.code != .cancelled else { throw error }
            return try await self.refuse(stream, .connectionFailed)
        }
        do throws(LibP2PError) {
            try await self.answer(stream, HopMessage(.status, limit: self.limits.message, status: .ok))
        } catch {
            other.reset()
            throw error
        }
        let pipe = RelayPipe(limit: self.limits.circuitData, duration: self.limits.circuitDuration, time: self.time)
        await pipe.run(between: stream, and: other)
    }

    /// Asks the target whether it wants to be connected.
    private func reach(
        _ circuit: RelayLedger.Circuit, _ network: any RelayNetwork
    ) async throws(LibP2PError) -> LibP2PStream {
        let stream = try await network.openStream(to: circuit.target, [RelayProtocol.stop], overRelayed: false)
        let message = StopMessage(.connect, peer: RelayPeer(id: circuit.source), limit: self.limits.message)
        try await stream.writeMessage(message.encoded)
        let answer = try await RelayProtocol.read(
            StopMessage.self, from: stream, within: RelayProtocol.messageDeadline, self.time)
        guard answer.kind == .status, answer.status == .ok else {
            stream.reset()
            throw LibP2PError(.unreachable, "\(circuit.target) does not want the relayed connection")
        }
        return stream
    }

    private func refuse(_ stream: LibP2PStream, _ status: RelayStatus) async throws(LibP2PError) {
        try await self.answer(stream, HopMessage(.status, status: status))
        try await stream.closeWrite()
    }

    /// A peer that does not read must not keep us.
    private func answer(_ stream: LibP2PStream, _ message: HopMessage) async throws(LibP2PError) {
        try await self.time.limit(RelayProtocol.messageDeadline, for: "an answer") { () async throws(LibP2PError) in
            try await stream.writeMessage(message.encoded)
        }
    }
}
