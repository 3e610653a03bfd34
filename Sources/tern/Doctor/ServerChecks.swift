import QUIC
import QUICEngine
import QUICIO

/// A connection to a server, step by step: its name, then each family's first address.
struct ServerChecks: Sendable {
    let server: HostAndPort
    let options: DoctorOptions
    let diagnosis: Diagnosis

    func run() async {
        self.diagnosis.begin("The name \(self.server.host)")
        let addresses = await self.resolve()
        var connected = 0
        for address in addresses where !Task.isCancelled {
            self.diagnosis.begin("\(address)")
            let checks = AddressChecks(
                address: address, server: self.server, options: self.options, diagnosis: self.diagnosis,
                hasOthers: addresses.count > 1)
            if await checks.run() { connected += 1 }
        }
        guard addresses.count > 1, !Task.isCancelled else { return }
        self.diagnosis.begin("All in all")
        if connected == 0 {
            self.diagnosis.fail("addresses", "no address of \(self.server.host) could be connected to")
        } else if connected < addresses.count {
            self.diagnosis.warn(
                "addresses", "\(connected) of \(addresses.count) addresses could be connected to",
                hint: "clients try all of them, each a little later than the one before: it costs them time")
        } else {
            self.diagnosis.good("addresses", "every address that was tried could be connected to")
        }
    }

    /// The first address of each family.
    private func resolve() async -> [NetworkAddress] {
        if let address = self.server.address {
            if let family = self.options.family, family != address.family {
                self.diagnosis.fail("name", "\(self.server.host) is not an \(family.name) address")
                return []
            }
            self.diagnosis.good("name", "it is an address: nothing to look up")
            return [address]
        }
        var found: [NetworkAddress] = []
        var problem: ResolutionError?
        for family in [NetworkAddress.Family.ipv6, .ipv4]
        where self.options.family == nil || self.options.family == family {
            let start = MonotonicClock.now()
            do throws(ResolutionError) {
                let addresses = try await HostNames.resolve(
                    self.server.host, port: self.server.port, family: family == .ipv4 ? .ipv4 : .ipv6)
                let time = MonotonicClock.elapsed(since: start)
                let list = addresses.map(\.host)
                self.diagnosis.good(
                    "\(family.name) name", "\(family.name): \(list.joined(separator: ", "))", time: time)
                if let first = addresses.first, let address = NetworkAddress(first.host, port: self.server.port) {
                    found.append(address)
                }
            } catch {
                problem = error
                // Most names have addresses of one family only, and that is nothing to worry about.
                if error.reason != .notFound { self.failed(family.name, error) }
            }
        }
        if found.isEmpty, let problem, problem.reason == .notFound { self.failed("any", problem) }
        return found
    }

    private func failed(_ what: String, _ error: ResolutionError) {
        self.diagnosis.fail(
            "\(what) name", error.message, hint: "look at /etc/resolv.conf; does another name resolve?")
    }
}
