import QUIC
import QUICEngine
import QUICIO

/// What a client that checks would say of the certificate.
struct CertificateFindings {
    let diagnosis: Diagnosis
    let options: DoctorOptions
    let name: String

    func judge(_ shown: PeerCertificate?) {
        let chain = (shown?.chain ?? []).compactMap { try? CertificateDescription(der: $0) }
        guard let own = chain.first else {
            return self.diagnosis.fail("certificate", "certificate: none was shown that can be read")
        }
        if case .pin(let pin) = self.options.trust { return self.compare(pin, own) }
        let store: TrustStore
        do throws(EngineError) {
            if case .store(let given) = self.options.trust { store = given } else { store = try .system() }
        } catch {
            return self.diagnosis.fail(
                "trust", "certificate: \(error.message)", hint: "apt-get install ca-certificates, or use --ca or --pin")
        }
        let now = WallClock.seconds()
        let problems = store.problems(of: chain.map(\.der), name: self.name, at: now)
        for problem in problems {
            self.diagnosis.fail(
                "certificate", "certificate: \(problem)", hint: self.hint(problem.kind, own))
        }
        if let problem = CertificateDescription.orderProblem(in: chain) {
            self.diagnosis.warn(
                "chain", "chain: \(problem)", hint: "most clients forgive that, not all: put it in order on the server")
        }
        if problems.isEmpty { self.accepted(own, now) }
    }

    private func compare(_ pin: PublicKeyPin, _ own: CertificateDescription) {
        if own.pin == pin {
            self.diagnosis.good("certificate", "certificate: its key is the one that was pinned")
        } else {
            self.diagnosis.fail(
                "certificate", "certificate: its key is \(own.pin?.description ?? "unreadable"), not the pinned one",
                hint:
                    "has the server a new key? Then take the new pin over a way that you trust. Or somebody is in between"
            )
        }
    }

    private func accepted(_ own: CertificateDescription, _ now: Int64) {
        let days = (own.notAfter - now) / 86_400
        let sentence =
            "certificate: good for \(self.name), \(own.keyKind), until \(UTCTime(own.notAfter).date) "
            + "(\(days.counted("day")) left)"
        if days < 14 {
            self.diagnosis.warn("certificate", sentence, hint: "renew it soon")
        } else {
            self.diagnosis.good("certificate", sentence)
        }
    }

    private func hint(_ kind: CertificateProblem.Kind, _ own: CertificateDescription) -> String? {
        switch kind {
        case .unknownIssuer where own.isSelfSigned:
            "if the server is yours: --pin \(own.pin?.description ?? "") (compare it with the server's)"
        case .unknownIssuer: "--ca FILE names an authority; on a server, give the whole chain with --cert"
        case .expired: "renew it; if the date is right, is this machine's clock?"
        case .notYetValid: "is this machine's clock right?"
        case .wrongName: "call the server by one of those names, or --sni NAME"
        case .weakAlgorithm: "make a new one: ECDSA P-256, or RSA with 2,048 bits, signed with SHA-256"
        case .wrongPurpose: "a certificate for servers is needed (extended key usage serverAuth)"
        default: nil
        }
    }
}
