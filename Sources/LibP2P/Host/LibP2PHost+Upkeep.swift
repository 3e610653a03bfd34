internal import QUIC
internal import Synchronization

// What is due from time to time: closing what is too much, dialling who is to stay connected, sorting out connections of
// which one is enough.

extension LibP2PHost {
    /// Looks after the host until the task is cancelled.
    func keepUp() async {
        var rounds = 0
        while true {
            do { try await Task.sleep(for: Self.pause) } catch { return }
            self.trim()
            self.reconnect()
            self.chooseConnections()
            self.clearPlaces()
            rounds = (rounds + 1) % Self.roundsPerFlush
            if rounds == 0 { self.configuration.peerStore.flush() }
        }
    }

    private static let pause: Duration = .milliseconds(250)
    /// Ten seconds.
    private static let roundsPerFlush = 40

    private func trim() {
        let excess = self.state.withLock { state -> [LibP2PConnection] in
            let numbers = Set(state.keeper.toClose(now: .now))
            return numbers.isEmpty ? [] : state.connections.filter { numbers.contains($0.number) }
        }
        for connection in excess { connection.close(.garbageCollected, reason: "there are more than this host keeps") }
    }

    private func reconnect() {
        for peer in self.state.withLock({ $0.reconnector.due(now: .now) }) {
            self.jobs.add { _ = try? await self.dial(peer, isForced: true) }
        }
    }

    /// Two hosts that dialled each other at the same moment keep one connection.
    private func chooseConnections() {
        let due = self.state.withLock { state in
            state.peers.flatMap { peer, connections -> [(ConnectionChoice<UInt64>.Action, LibP2PConnection)] in
                guard connections.byNumber.count > 1 else { return [] }
                let actions = state.peers[peer]?.choice.actions(now: .now) ?? []
                return actions.compactMap { action in
                    switch action {
                    case .probe(let number), .close(let number): connections.byNumber[number].map { (action, $0) }
                    }
                }
            }
        }
        for (action, connection) in due {
            switch action {
            case .close: connection.close(.supplanted, reason: "another connection takes its place")
            case .probe: self.jobs.add { await self.probe(connection) }
            }
        }
    }

    /// Asks for a sign of life. A connection that gives none in time is closed: nobody would ever find out.
    private func probe(_ connection: LibP2PConnection) async {
        let isAlive = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.isAnswering(connection) }
            group.addTask {
                try? await Task.sleep(for: .seconds(10))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        guard isAlive else { return connection.close(.none, reason: "no sign of life") }
        self.state.withLock { $0.peers[connection.peer]?.choice.heard(connection.number) }
    }

    private func isAnswering(_ connection: LibP2PConnection) async -> Bool {
        guard let quic = connection.quic else { return true }
        return (try? await quic.ping()) != nil
    }

    private func clearPlaces() {
        self.state.withLock { state in
            let limit = ContinuousClock.now - self.configuration.transport.handshakeTimeout - .seconds(5)
            for ticket in state.arrivals.takeAll(before: limit) { state.ledger.release(ticket) }
        }
    }
}
