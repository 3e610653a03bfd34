import QUIC

// What can be seen on the first connection, and on others like it.

extension ServerProbe {
    /// Looks at the features, those that need connections of their own at the same time.
    func look(_ visit: ProbeVisit, _ result: inout ProbeResult) async {
        await self.noteHandshake(visit, &result)
        let parameters = result.parameters
        async let protocols = self.protocols(visit)
        async let migration = self.bounded(.migration, orElse: .no("nobody answers on the new path")) {
            try await self.migration(visit, parameters)
        }
        async let rebinding = self.bounded(
            .rebinding, orElse: .no("the server does not follow: it goes on sending to the port before")
        ) { try await self.rebinding(visit) }
        async let reset = self.bounded(.reset) { try await self.reset(visit) }
        let ticket = self.wants(.resumption) || self.wants(.earlyData) ? await self.ticket(visit) : nil
        if self.wants(.ecn) || self.wants(.pathMTU) { await self.ping(visit, &result) }
        result.verdicts[.keyUpdate] = await self.bounded(
            .keyUpdate, orElse: .no("the server answers nothing that is encrypted with new keys")
        ) { try await self.keyUpdate(visit) }
        if let error = visit.connection.closeError {
            result.problems.append(Self.problem(endedBy: error))
        }
        visit.connection.close(code: visit.closeCode)
        await self.resume(visit, ticket, &result)
        result.protocols = await protocols
        result.verdicts[.alpn] = .yes(result.protocols.map(\.printable).joined(separator: ","))
        result.verdicts[.migration] = await migration
        result.verdicts[.rebinding] = await rebinding
        result.verdicts[.reset] = await reset
        await visit.endpoint.shutdown(deadline: .zero)
        result.verdicts = result.verdicts.filter { self.wants($0.key) }
    }

    /// A TLS 1.3 client is done before the server has judged it, so a server can still change its mind.
    private static func problem(endedBy error: QUICError) -> ProbeProblem {
        error.underlying?.tlsAlert == .certificateRequired
            ? ProbeProblem(.handshake, "it asks clients for a certificate, and this command has none")
            : ProbeProblem(.handshake, "it ended the first connection early: \(error.reason)")
    }

    func wants(_ step: ProbeStep) -> Bool { self.options.steps.contains(step) }

    /// A step whose failure is an answer. It has time for a handshake and for what it tries afterwards.
    private func bounded(
        _ step: ProbeStep, orElse silence: ProbeVerdict? = nil,
        _ body: @escaping @Sendable () async throws -> ProbeVerdict
    ) async -> ProbeVerdict? {
        guard self.wants(step) else { return nil }
        do {
            return try await TimeLimit.run(self.options.timeout * 2, body)
        } catch let error as StepTimeout {
            return silence ?? .unknown("\(error)")
        } catch let error as QUICError {
            return error.code == .cancelled ? .notTried() : .unknown(error.reason.printable)
        } catch {
            return .unknown("\(error)")
        }
    }

    private func noteHandshake(_ visit: ProbeVisit, _ result: inout ProbeResult) async {
        let summary = visit.connection.handshakeSummary
        let time = await visit.connection.statistics().handshakeDuration
        let parameters = await visit.connection.peerTransportParameters()
        (result.summary, result.handshakeTime, result.parameters) = (summary, time, parameters)
        result.verdicts[.time] = time.map { .yes($0.text) } ?? .unknown("")
        if let summary {
            result.verdicts[.retry] = summary.didRetry ? .yes() : .no("the server asked for none")
        }
        guard let parameters else { return }
        result.verdicts[.datagrams] =
            parameters.maximumDatagramFrame > 0
            ? .yes("\(parameters.maximumDatagramFrame)", "the largest DATAGRAM frame that it accepts, in bytes")
            : .no("it does not offer them")
        result.verdicts[.idle] =
            parameters.idleTimeout > .zero
            ? .yes(parameters.idleTimeout.words, "silence after which it gives a connection up")
            : .no("it keeps silent connections", word: "never")
    }

    // MARK: One connection

    /// Whether a ticket came, and if so whether it allows 0-RTT.
    private func ticket(_ visit: ProbeVisit) async -> Bool? {
        let answer = try? await TimeLimit.run(min(self.options.timeout, .seconds(2))) { () -> Bool? in
            while let event = try await visit.connection.events.next() {
                if case .ticketReceived(let allowsEarlyData) = event { return allowsEarlyData }
            }
            return nil
        }
        return answer ?? nil
    }

    /// A dozen packets or more there and back: then it is known what happens to marks and how large packets may be.
    private func ping(_ visit: ProbeVisit, _ result: inout ProbeResult) async {
        let connection = visit.connection
        _ = try? await TimeLimit.run(self.options.timeout) {
            var (largest, unchanged) = (0, 0)
            while true {
                try await connection.ping()
                let figures = await connection.statistics()
                unchanged = figures.maximumPayload > largest ? 0 : unchanged + 1
                largest = max(figures.maximumPayload, largest)
                if unchanged >= 12, figures.ecn.isValidated != nil { return }
            }
        }
        let figures = await connection.statistics()
        result.verdicts[.ecn] =
            switch figures.ecn.isValidated {
            case true?: .yes("yes", "marks arrive, and the server reports them")
            case false?: .no("the server does not report marks, or they are cleared on the way")
            case nil: .unknown("too few packets were acknowledged")
            }
        result.verdicts[.pathMTU] =
            figures.maximumPayload > 0
            ? .yes("\(figures.maximumPayload)", "bytes of UDP payload that got through; no more than 1452 are tried")
            : .unknown("the connection was over too soon")
    }

    private func keyUpdate(_ visit: ProbeVisit) async throws -> ProbeVerdict {
        let connection = visit.connection
        do {
            while true {
                do throws(QUICError) {
                    try await connection.updateKeys()
                    break
                } catch {
                    guard error.code == .refused else { throw error }
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            try await connection.ping()
        } catch let error as QUICError where connection.closeError != nil {
            return .no(error.reason.printable)
        }
        return .yes()
    }

    /// Comes again with the ticket, and offers data with the first packets where the ticket allows it.
    private func resume(_ visit: ProbeVisit, _ ticket: Bool?, _ result: inout ProbeResult) async {
        guard self.wants(.resumption) || self.wants(.earlyData) else { return }
        guard let allowsEarlyData = ticket else {
            result.verdicts[.resumption] = .no("the server gave no session ticket")
            result.verdicts[.earlyData] = .no("the server gave no session ticket")
            return
        }
        var client = visit.client
        client.tls.resumption = visit.takeTicket()
        client.tls.sendsEarlyData = allowsEarlyData
        do {
            let configuration = client
            let summary = try await TimeLimit.run(self.options.timeout) {
                let connection = try await visit.endpoint.begin(to: visit.address, configuration) { _ in }
                let summary = try await connection.handshake()
                connection.close(code: visit.closeCode)
                return summary
            }
            result.verdicts[.resumption] = summary.isResumed ? .yes() : .no("it took the ticket for none of its own")
            result.verdicts[.earlyData] =
                summary.acceptedEarlyData
                ? .yes()
                : .no(allowsEarlyData ? "the server refused the early data" : "its tickets do not allow it")
        } catch {
            let reason = (error as? QUICError)?.reason ?? "\(error)"
            result.verdicts[.resumption] = .unknown(reason.printable)
            result.verdicts[.earlyData] = .unknown(reason.printable)
        }
    }

    /// Which of the protocols it accepts, one handshake each.
    private func protocols(_ visit: ProbeVisit) async -> [String] {
        guard let first = visit.connection.applicationProtocol else { return [] }
        var accepted = [first]
        guard self.wants(.alpn), let endpoint = try? await self.options.client.bind() else { return accepted }
        for candidate in self.options.protocols where candidate != first && !Task.isCancelled {
            var client = visit.client
            client.tls.protocols = [candidate]
            guard let connection = try? await endpoint.connect(to: visit.address, client) else { continue }
            if connection.applicationProtocol == candidate { accepted.append(candidate) }
            connection.close(code: candidate == "h3" ? 0x100 : 0)
        }
        await endpoint.shutdown(deadline: .zero)
        return accepted
    }
}

extension Duration {
    /// Whole units as people say them: 30 s, 10 min; otherwise as ``text``.
    var words: String {
        let (seconds, rest) = self.components
        guard rest == 0, seconds > 0 else { return self.text }
        return seconds % 60 == 0 && seconds > 60 ? "\(seconds / 60) min" : "\(seconds) s"
    }
}
