import QUIC

// The family of addresses to use, where several commands ask for it.

extension Arguments {
    /// `-4` or `-6`; nil: either family.
    mutating func family() throws -> NetworkAddress.Family? {
        let (only4, only6) = (self.flag("-4"), self.flag("-6"))
        guard !(only4 && only6) else { throw UsageError(message: "choose one of -4 and -6") }
        return only4 ? .ipv4 : only6 ? .ipv6 : nil
    }
}

extension NetworkAddress.Family {
    /// As people call it.
    var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
}
