import QUIC
import QUICIO

extension PeerClient {
    /// Handshakes one after another in each of the workers: complete ones, or with the ticket of the one before.
    func handshakes(_ endpoint: QUICEndpoint) async throws -> Findings {
        let client = try self.configuration()
        let (count, concurrency) = (self.options.count, min(self.options.concurrency, self.options.count))
        var stores: [MemoryStore] = []
        if self.options.resumes {
            for _ in 0..<concurrency { stores.append(try await self.storeWithTicket(endpoint, client)) }
        }
        let tickets = stores
        let started = MonotonicClock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<concurrency {
                let share = count / concurrency + (worker < count % concurrency ? 1 : 0)
                group.addTask {
                    for _ in 0..<share {
                        if self.options.resumes {
                            try await self.resume(endpoint, client, tickets[worker])
                        } else {
                            try await endpoint.connect(to: self.options.address, client).close()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = Double(MonotonicClock.now() - started) / 1e9
        var findings = Findings()
        findings.add("count", .whole(count))
        findings.add("conc", .whole(concurrency))
        findings.add("resumed", .truth(self.options.resumes))
        findings.add("secs", .fraction(seconds, digits: 4))
        findings.add("hs_per_s", .fraction(Double(count) / max(seconds, 1e-9), digits: 1))
        return findings
    }

    private func storeWithTicket(_ endpoint: QUICEndpoint, _ client: QUICClientConfiguration) async throws
        -> MemoryStore
    {
        var client = client
        let store = MemoryStore()
        client.sessions = store
        let connection = try await endpoint.connect(to: self.options.address, client)
        try await PerfClient.awaitTicket(connection)
        connection.close()
        return store
    }

    /// A ticket is good for one connection (RFC 8446 §C.4), so that each waits for the next one's.
    private func resume(_ endpoint: QUICEndpoint, _ client: QUICClientConfiguration, _ store: MemoryStore)
        async throws
    {
        var client = client
        client.sessions = store
        let connection = try await endpoint.connect(to: self.options.address, client)
        try self.need(connection.handshakeSummary?.isResumed == true, "the server did not resume a session")
        // The time of all of them together is bounded.
        try await PerfClient.awaitTicketForEver(connection)
        connection.close()
    }
}
