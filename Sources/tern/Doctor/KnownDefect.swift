/// A defect of some versions of a library that a user of QUIC can meet.
struct KnownDefect: Sendable {
    enum Library: String, Sendable { case ngtcp2, gnuTLS = "GnuTLS" }

    let library: Library
    /// The first version that has it; nil: all before ``fixed``.
    var since: LibraryVersion?
    /// The first version without it.
    let fixed: LibraryVersion
    /// By which update of a Debian release it is corrected under the old number.
    var debian: [String: Int] = [:]
    let name: String
    /// What happens.
    let symptom: String
    let advice: String
    /// Tern sees to it that it does no harm.
    var isGuarded = false

    /// Whether a library of that version has it, as far as is known.
    func concerns(_ version: LibraryVersion, _ package: DebianPackage?) -> Bool {
        if let since = self.since, version < since { return false }
        guard version < self.fixed else { return false }
        guard let update = package?.update, let correction = self.debian[update.release] else { return true }
        return update.number < correction
    }

    static let all: [KnownDefect] = [
        KnownDefect(
            library: .ngtcp2, fixed: LibraryVersion(0, 14), name: "streams of one direction never end",
            symptom: "each one that a peer opens costs 228 bytes until its connection ends",
            advice: "limit streams and the life of connections, or use ngtcp2 1.x (Debian 12: bookworm-backports)"),
        KnownDefect(
            library: .ngtcp2, fixed: LibraryVersion(1, 4), name: "abort by NEW_CONNECTION_ID",
            symptom: "a repeated connection ID from a connected peer ends the process",
            advice: "Tern turns such packets away before the library sees them: nothing is to be done", isGuarded: true),
        KnownDefect(
            library: .ngtcp2, fixed: LibraryVersion(1, 8), name: "small windows in short networks",
            symptom: "cubic and reno stay slow on loopback and in a LAN", advice: "choose --cc bbr, or use ngtcp2 1.8"),
        KnownDefect(
            library: .ngtcp2, since: LibraryVersion(1, 9), fixed: LibraryVersion(1, 9, 1), name: "CVE-2024-52811",
            symptom: "a peer's acknowledgements overflow memory while a qlog trace is written",
            advice: "write no traces (--qlog), or use ngtcp2 1.9.1"),
        KnownDefect(
            library: .ngtcp2, fixed: LibraryVersion(1, 12), name: "abort by an empty datagram",
            symptom: "sending one ends the process", advice: "Tern refuses to send them: nothing is to be done",
            isGuarded: true),
        KnownDefect(
            library: .ngtcp2, fixed: LibraryVersion(1, 22, 1), debian: ["deb12": 1, "deb13": 1], name: "CVE-2026-40170",
            symptom: "a peer's transport parameters overflow memory while a qlog trace is written",
            advice: "write traces (--qlog) only of peers that you trust, or use ngtcp2 1.22.1"),
        KnownDefect(
            library: .ngtcp2, fixed: LibraryVersion(1, 23), name: "smaller defects",
            symptom: "leaked memory after Retry (before 1.18), no bound on pointless frames (before 1.15), overflow of "
                + "very long timeouts",
            advice: "use a newer ngtcp2 where servers face the Internet"),
        KnownDefect(
            library: .gnuTLS, fixed: LibraryVersion(3, 8, 3), debian: ["deb12": 2], name: "CVE-2024-0567",
            symptom: "a chain of certificates that sign each other ends the process", advice: "update GnuTLS"),
        KnownDefect(
            library: .gnuTLS, fixed: LibraryVersion(3, 8, 10), debian: ["deb12": 5, "deb13": 0],
            name: "CVE-2025-6395, CVE-2025-32988 to 32990",
            symptom: "a second ClientHello without its key ends a server; broken certificates damage memory",
            advice: "update GnuTLS"),
        KnownDefect(
            library: .gnuTLS, since: LibraryVersion(3, 8, 5), fixed: LibraryVersion(3, 8, 10), debian: ["deb13": 3],
            name: "order of extensions",
            symptom: "some servers refuse a client that had to ask twice (HelloRetryRequest)", advice: "update GnuTLS"),
        KnownDefect(
            library: .gnuTLS, fixed: LibraryVersion(3, 8, 12), debian: ["deb12": 6, "deb13": 4],
            name: "CVE-2025-14831", symptom: "checking a certificate with many name constraints takes very long",
            advice: "update GnuTLS"),
        KnownDefect(
            library: .gnuTLS, since: LibraryVersion(3, 8, 11), fixed: LibraryVersion(3, 8, 12), name: "CVE-2026-1584",
            symptom: "a resumption with a broken binder ends a server", advice: "use GnuTLS 3.8.12"),
        KnownDefect(
            library: .gnuTLS, fixed: LibraryVersion(3, 8, 13), debian: ["deb12": 7, "deb13": 4],
            name: "CVE-2026-3833, CVE-2026-42011 to 42013",
            symptom:
                "name constraints of authorities are not always kept, so a certificate may be taken for a name that "
                + "its authority may not sign",
            advice: "update GnuTLS, or trust keys by their pins"),
    ]
}
