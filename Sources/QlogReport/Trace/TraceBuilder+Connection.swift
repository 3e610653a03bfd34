/// What a trace says about itself, and about its connection as a whole.
extension TraceBuilder {
    /// More marks than this are noise, or an attack on the reader's patience.
    private static let mostMarks = 500
    private static let mostParameters = 100
    /// Whoever has the token can end the connection (RFC 9000 §21.11); pages are sent around.
    private static let untold: Set = ["owner", "stateless_reset_token"]

    mutating func describe(file: JSONValue) {
        self.describe(version: file["qlog_version"].text)
        self.describe(title: file["title"].text)
    }

    mutating func describe(version: String?) { self.trace.description.qlogVersion = version ?? "" }

    mutating func describe(title: String?) {
        if let title, self.trace.description.title.isEmpty { self.trace.description.title = title }
    }

    mutating func describe(trace: JSONValue) {
        for member in ["title", "vantage_point", "common_fields"] where trace[member].exists {
            self.describe(member: member, trace[member])
        }
    }

    mutating func describe(member name: String, _ value: JSONValue) {
        switch name {
        case "title": self.describe(title: value.text)
        case "vantage_point":
            self.trace.description.vantage = value["type"].text ?? ""
            self.trace.description.implementation = value["name"].text ?? ""
        case "common_fields":
            self.trace.description.group = value["group_id"].text ?? value["ODCID"].text ?? ""
            self.describe(format: value["time_format"].text ?? "", reference: value["reference_time"])
        default: break
        }
    }

    private mutating func describe(format: String, reference: JSONValue) {
        self.clock.format = format
        self.clock.reference = reference.number
    }

    /// Everything that is no packet and no quantity.
    mutating func addOther(_ type: String, _ data: JSONValue, now: Int) {
        switch type {
        case "packet_dropped": self.trace.description.packetsDropped += 1
        case "parameters_set": self.addParameters(data)
        case "connection_closed": self.addClosed(data, now: now)
        case "key_updated" where self.isUpdate(data): self.add(mark: "keys updated", now: now)
        case "congestion_state_updated":
            if let state = data["new"].text(limit: 40) { self.add(mark: "congestion: \(state)", now: now) }
        case "version_information":
            if let version = data["chosen_version"].text { self.trace.description.quicVersion = version }
        case "alpn_information":
            let chosen = data["chosen_alpn"]
            guard let name = chosen.text ?? chosen["string_value"].text else { return }
            self.trace.description.applicationProtocol = name
        case "connection_started":
            self.learn("destination", data["dst_cid"])
            self.learn("source", data["src_cid"])
        default: break
        }
    }

    /// The first keys come from TLS with the handshake, which has a mark of its own.
    private func isUpdate(_ data: JSONValue) -> Bool {
        let type = data["key_type"].text(limit: 40) ?? ""
        return type.contains("1rtt") && data["trigger"].exists && !data["trigger"].isText("tls")
    }

    private mutating func addParameters(_ data: JSONValue) {
        let owner = data["owner"].text(limit: 10) ?? ""
        if let version = data["chosen_version"].text { self.trace.description.quicVersion = version }
        if let alpn = data["alpn"].text { self.trace.description.applicationProtocol = alpn }
        for (name, value) in data.members.prefix(Self.mostParameters)
        where !Self.untold.contains(name) && self.trace.description.parameters.count < 2 * Self.mostParameters {
            self.trace.description.parameters.append((owner, name, value))
        }
    }

    mutating func learn(from header: JSONValue, isSent: Bool) {
        self.learn("destination", header[isSent ? "dcid" : "scid"])
        self.learn("source", header[isSent ? "scid" : "dcid"])
    }

    private mutating func learn(_ name: String, _ value: JSONValue) {
        guard let text = value.text(limit: 40), !text.isEmpty,
            !self.trace.description.connectionIDs.contains(where: { $0.name == name })
        else { return }
        self.trace.description.connectionIDs.append((name, text))
    }

    /// RFC 9001 §4.1.2; the frame may be sent more than once.
    mutating func addConfirmation(now: Int) {
        guard !self.trace.marks.contains(where: { $0.text == QlogTrace.confirmation }) else { return }
        self.add(mark: QlogTrace.confirmation, now: now)
    }

    mutating func add(mark text: String, now: Int) {
        guard self.trace.marks.count < Self.mostMarks, self.trace.marks.last?.text != text else { return }
        self.trace.marks.append(QlogTrace.Mark(time: now, text: text))
    }

    private static let thisEnd = "this end"
    private static let otherEnd = "the other end"

    /// Says client and server where the trace says which of them wrote it.
    func named(_ mark: QlogTrace.Mark) -> QlogTrace.Mark {
        let ends = ["client": ("the client", "the server"), "server": ("the server", "the client")]
        guard let (own, other) = ends[self.trace.description.vantage] else { return mark }
        for (prefix, name) in [(Self.thisEnd, own), (Self.otherEnd, other)]
        where mark.text.hasPrefix("closed by \(prefix)") {
            return QlogTrace.Mark(
                time: mark.time, text: "closed by \(name)" + mark.text.dropFirst("closed by \(prefix)".count))
        }
        return mark
    }

    mutating func addClose(_ frame: JSONValue, isSent: Bool, now: Int) {
        // Which end that is may stand behind the events.
        let who = isSent ? Self.thisEnd : Self.otherEnd
        let space = frame["error_space"].text(limit: 20) ?? "transport"
        let code = frame["raw_error_code"].count ?? frame["error_code"].count
        let name = code.map { "0x" + String($0, radix: 16) } ?? frame["error_code"].text(limit: 60) ?? "unknown"
        var text = "closed by \(who): \(space) error \(name)"
        if space == "transport", code == 0 { text = "closed by \(who) without an error" }
        if let reason = frame["reason"].text, !reason.isEmpty { text += " “\(reason)”" }
        self.add(mark: text, now: now)
    }

    private mutating func addClosed(_ data: JSONValue, now: Int) {
        guard !self.trace.marks.contains(where: { $0.text.hasPrefix("closed") }) else { return }
        let words = [
            data["trigger"].text, data["connection_code"].text ?? data["connection_code"].count.map { "error \($0)" },
            data["application_code"].text ?? data["application_code"].count.map { "application error \($0)" },
            data["reason"].text,
        ].compactMap(\.self).filter { !$0.isEmpty }
        let owner = data["owner"].text(limit: 10).map { " by the \($0) end" } ?? ""
        self.add(mark: "closed\(owner)" + (words.isEmpty ? "" : ": \(words.joined(separator: ", "))"), now: now)
    }
}
