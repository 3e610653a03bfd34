internal import CNGTCP2

/// Chains that a trust store found good within the last minute: connections that follow each other to one server need
/// no second opinion on the same bytes.
///
/// Only that is remembered. Whether the peer has the key of its certificate, every handshake shows anew.
struct AcceptedChains {
    /// How long an opinion is kept, in seconds. Whatever is not looked at here, an authority that expires for one, is
    /// seen that much later.
    static let lifetime: Int64 = 60
    /// How many are kept. A client of more servers than that within a minute gains nothing, and loses nothing.
    static let limit = 256

    /// From when until when each holds, in seconds since 1970, by digest.
    private var periods: [[UInt8]: ClosedRange<Int64>] = [:]

    var count: Int { self.periods.count }

    func contains(_ digest: [UInt8], at now: Int64) -> Bool { self.periods[digest]?.contains(now) == true }

    /// Keeps that it was good at `now`, a minute, but no longer than its certificates are: until `expiry`.
    mutating func insert(_ digest: [UInt8], at now: Int64, expiry: Int64) {
        let end = min(now.addingReportingOverflow(Self.lifetime).partialValue, expiry)
        // What stands for nothing in particular would stand for everything.
        guard now <= end, !digest.isEmpty else { return }
        if self.periods.count >= Self.limit { self.periods.removeAll(keepingCapacity: true) }
        self.periods[digest] = now...end
    }

    /// Stands for a chain and for what it was found good for. Counts keep the parts apart.
    static func digest(of peer: PeerCertificate, peerIsServer: Bool) -> [UInt8] {
        let purpose: [UInt8] = [peerIsServer ? 1 : 0, peer.expectedName == nil ? 0 : 1]
        return Self.digest(of: [purpose, Array((peer.expectedName ?? "").utf8)] + peer.chain)
    }

    /// Each part has its length before it, so that no two lists look alike. Empty where GnuTLS refuses.
    static func digest(of parts: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.count + 8 })
        for part in parts {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: part.count >> shift))
            }
            bytes += part
        }
        return sha256(bytes)
    }

    /// The time of day by the clock that GnuTLS reads, in seconds since 1970.
    static var now: Int64 {
        var time = timespec()
        unsafe tern_read_clock(&time)
        return Int64(time.tv_sec)
    }
}
