/// A zone that this server answers for: a few names, no delegations.
struct DNSZone: Sendable {
    let origin: DNSName
    private let authority: DNSRecord
    private let records: [DNSName: [DNSRecord]]

    init(_ records: [DNSRecord]) throws(DNSZoneError) {
        let authorities = records.filter { $0.type == .soa }
        guard let authority = authorities.first, authorities.count == 1 else {
            throw DNSZoneError("a zone has one SOA record, this one has \(authorities.count)")
        }
        self.origin = authority.name
        self.authority = authority
        for record in records {
            guard record.name.isWithin(authority.name) else {
                throw DNSZoneError("\(record.name) is outside of \(authority.name)")
            }
            guard record.type != .ns || record.name == authority.name else {
                throw DNSZoneError("\(record.name) has an NS record: this server can't delegate")
            }
        }
        self.records = Dictionary(grouping: records, by: \.name)
    }

    /// The answer to whatever arrived (RFC 1034, section 4.3.2). Nil: it is not even a header.
    func answer(to bytes: [UInt8]) -> DNSMessage? {
        do { return self.answer(to: try DNSMessage(bytes)) } catch {
            return DNSMessage(headerOf: bytes).map { DNSMessage(answering: $0, .formatError) }
        }
    }

    func answer(to query: DNSMessage) -> DNSMessage {
        if let edns = query.edns, edns.version > 0 { return DNSMessage(answering: query, .badVersion) }
        guard query.operation == 0 else { return DNSMessage(answering: query, .notImplemented) }
        guard !query.isResponse, query.questions.count == 1, let question = query.questions.first else {
            return DNSMessage(answering: query, .formatError)
        }
        // A transfer is more than one message, and not for everybody.
        guard question.questionClass == DNSRecord.internet, question.name.isWithin(self.origin),
            !DNSType.transfers.contains(question.type)
        else { return DNSMessage(answering: query, .refused) }

        var answer = DNSMessage(answering: query, .noError)
        answer.isAuthoritative = true
        if let here = self.records[question.name] {
            answer.answers = here.filter { question.type == .any || $0.type == question.type }
        } else if !self.records.keys.contains(where: { $0.isWithin(question.name) }) {
            answer.code = DNSMessage.Status.nonexistentDomain.rawValue
        }
        // How long it may be remembered that there is nothing: RFC 2308, section 3.
        if answer.answers.isEmpty { answer.authorities = [self.negative] }
        return answer
    }

    private var negative: DNSRecord {
        var record = self.authority
        if case .authority(_, _, let numbers) = record.content, let minimum = numbers.last {
            record.timeToLive = min(record.timeToLive, minimum)
        }
        return record
    }
}
