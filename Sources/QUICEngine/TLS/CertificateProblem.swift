/// One thing that is wrong with a certificate or its chain, in words.
///
///     for problem in store.problems(of: chain, name: "example.org", at: now) { print(problem) }
public struct CertificateProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of problems. More may come, so a switch needs a default.
    public struct Kind: Hashable, Sendable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// It can't be read.
        public static let unreadable = Kind(description: "unreadable")
        /// Nobody who is trusted signed it.
        public static let unknownIssuer = Kind(description: "unknownIssuer")
        /// What signed it may not sign others.
        public static let notAnAuthority = Kind(description: "notAnAuthority")
        /// A signature is wrong.
        public static let wrongSignature = Kind(description: "wrongSignature")
        /// Its time is over.
        public static let expired = Kind(description: "expired")
        /// Its time has not come.
        public static let notYetValid = Kind(description: "notYetValid")
        /// It is for other names.
        public static let wrongName = Kind(description: "wrongName")
        /// It is not for servers.
        public static let wrongPurpose = Kind(description: "wrongPurpose")
        /// A key or a signature is too weak.
        public static let weakAlgorithm = Kind(description: "weakAlgorithm")
        /// It was revoked.
        public static let revoked = Kind(description: "revoked")
        /// Something else.
        public static let other = Kind(description: "other")
    }

    /// The kind of problem.
    public let kind: Kind
    /// A sentence with the names and dates that belong to it.
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Judges one certificate's dates.
    static func dates(of certificate: CertificateDescription, _ what: String, at now: Int64) -> CertificateProblem? {
        let (start, end) = (certificate.notBefore, certificate.notAfter)
        if now > end {
            return CertificateProblem(
                .expired, "\(what) expired on \(UTCTime(end)), \(Self.distance(now, end)) ago")
        }
        if now < start {
            return CertificateProblem(
                .notYetValid, "\(what) is good only from \(UTCTime(start)) on, in \(Self.distance(now, start))")
        }
        return nil
    }

    /// 3 days, 1 hour, 20 seconds.
    static func distance(_ now: Int64, _ then: Int64) -> String {
        let (difference, overflows) = now.subtractingReportingOverflow(then)
        let seconds = overflows ? UInt64(Int64.max) : difference.magnitude
        for (unit, length): (String, UInt64) in [("day", 86_400), ("hour", 3_600), ("minute", 60)]
        where seconds >= length {
            let count = seconds / length
            return "\(count) \(unit)\(count == 1 ? "" : "s")"
        }
        return "\(seconds) second\(seconds == 1 ? "" : "s")"
    }
}
