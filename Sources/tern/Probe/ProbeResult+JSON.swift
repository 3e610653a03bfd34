import QUIC

extension ProbeResult {
    /// Everything, as one object.
    var json: JSONObject {
        var object = JSONObject()
        object.add("server", "\(self.server)")
        if let address = self.address { object.add("address", "\(address)") }
        object.add("reached", self.isReached)
        object.add("problems", self.problems.map(\.text))
        object.add("causes", self.problems.map(\.cause.rawValue))
        object.add("versions", self.versions.map(\.name))
        object.add("protocols", self.protocols)
        if let time = self.handshakeTime { object.add("handshake_ms", time.seconds * 1_000) }
        if let summary = self.summary {
            object.add("version", summary.version.name)
            object.add("protocol", summary.applicationProtocol)
            object.add("cipher", summary.cipher)
            object.add("group", summary.group)
            object.add("certificates", CertificateReport(chain: self.chain).entries)
            if let problem = CertificateDescription.orderProblem(in: self.chain) {
                object.add("chain_problem", problem)
            }
        }
        if let parameters = self.parameters { object.add("transport_parameters", parameters.json) }
        var steps = JSONObject()
        for step in ProbeStep.allCases {
            guard let verdict = self.verdicts[step] else { continue }
            var one = JSONObject()
            one.add("verdict", verdict.kind.rawValue)
            one.add("value", verdict.word)
            one.add("detail", verdict.detail)
            steps.add(step.name, one)
        }
        object.add("steps", steps)
        return object
    }
}

extension CertificateDescription {
    /// What one looks for first, in words.
    var facts: String {
        let names = self.names.prefix(3).joined(separator: ", ") + (self.names.count > 3 ? " and others" : "")
        let issuer = self.isSelfSigned ? "signed by itself" : "signed by \(self.issuer)"
        return "it is for \(names.isEmpty ? self.subject : names), \(issuer), "
            + "good from \(UTCTime(self.notBefore).date) until \(UTCTime(self.notAfter).date)"
    }
}

extension PeerTransportParameters {
    /// By the names of RFC 9000 §18.2.
    var json: JSONObject {
        var object = JSONObject()
        object.add("max_idle_timeout_ms", self.idleTimeout.seconds * 1_000, digits: 0)
        object.add("max_udp_payload_size", self.maximumPayload)
        object.add("initial_max_data", self.connectionWindow)
        object.add("initial_max_stream_data_bidi_remote", self.bidirectionalStreamWindow)
        object.add("initial_max_stream_data_uni", self.unidirectionalStreamWindow)
        object.add("initial_max_streams_bidi", self.bidirectionalStreams)
        object.add("initial_max_streams_uni", self.unidirectionalStreams)
        object.add("max_ack_delay_ms", self.maximumAcknowledgementDelay.seconds * 1_000, digits: 0)
        object.add("disable_active_migration", self.forbidsMigration)
        object.add("preferred_address", self.hasPreferredAddress)
        object.add("active_connection_id_limit", self.activeConnectionIDLimit)
        object.add("max_datagram_frame_size", self.maximumDatagramFrame)
        object.add("grease_quic_bit", self.greasesQUICBit)
        object.add("stateless_reset_token", self.resetToken != nil)
        return object
    }
}
