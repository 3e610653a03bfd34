import QUIC
import QUICEngine
import QUICIO

/// The kernel's part: sockets, addresses, clocks; and the trusted authorities.
struct MachineChecks {
    let diagnosis: Diagnosis

    func run() {
        self.diagnosis.begin("Machine")
        self.checkSystem()
        self.checkSocket()
        self.checkAddresses()
        self.checkClock()
        self.checkTrust()
    }

    private func checkSystem() {
        let kernel = SystemFile.text("/proc/sys/kernel/osrelease") ?? "of unknown version"
        let release = SystemFile.value("PRETTY_NAME", in: "/etc/os-release", separator: "=")
        self.diagnosis.good("system", "Linux \(kernel)" + (release.map { ", \($0)" } ?? ""))
    }

    private func checkSocket() {
        let socket: UDPSocket
        do throws(SocketError) {
            socket = try UDPSocket(bindingTo: SocketAddress(family: .ipv6, high: 0, low: 0, port: 0))
        } catch {
            return self.diagnosis.fail(
                "socket", "no UDP socket can be opened: \(error)",
                hint: "look at the limits of this process (ulimit -n) and at what confines it (a container, seccomp)")
        }
        let granted = socket.capabilities
        socket.close()
        self.diagnosis.good(
            "socket", granted.isDualStack ? "one UDP socket serves IPv4 and IPv6" : "a UDP socket can be opened")
        self.offload(granted)
        if granted.ecn {
            self.diagnosis.good("ecn", "ECN: congestion marks are set and read")
        } else {
            self.diagnosis.warn("ecn", "ECN: the kernel gives no congestion marks", hint: "losses tell instead: slower")
        }
        if granted.mtuProbing {
            self.diagnosis.good("mtu", "packets are never fragmented: larger ones can be probed for")
        } else {
            self.diagnosis.warn("mtu", "the kernel may fragment packets, so larger ones can't be probed for")
        }
        self.buffers(granted)
    }

    private func offload(_ granted: UDPSocketCapabilities) {
        let missing = [granted.gso ? nil : "GSO (sending)", granted.gro ? nil : "GRO (receiving)"].compactMap { $0 }
        if missing.isEmpty {
            self.diagnosis.good("offload", "GSO and GRO: many packets go through the kernel in one call")
        } else {
            self.diagnosis.warn(
                "offload", "the kernel lacks \(missing.joined(separator: " and ")): each packet costs a call",
                hint: "Linux 5.0 or newer has both; a sandbox such as gVisor may not")
        }
    }

    private func buffers(_ granted: UDPSocketCapabilities) {
        let wanted = UDPSocketOptions().receiveBuffer
        let (received, sent) = (ByteCount.text(granted.receiveBuffer), ByteCount.text(granted.sendBuffer))
        var figures = JSONObject()
        figures.add("receive_buffer", granted.receiveBuffer)
        figures.add("send_buffer", granted.sendBuffer)
        if granted.receiveBuffer < wanted {
            self.diagnosis.warn(
                "buffers", "buffers hold \(received) for receiving and \(sent) for sending: bursts are lost",
                hint: "sysctl -w net.core.rmem_max=\(wanted) net.core.wmem_max=\(wanted)", figures)
        } else {
            self.diagnosis.good("buffers", "buffers hold \(received) for receiving and \(sent) for sending", figures)
        }
    }

    private func checkAddresses() {
        guard let all = try? NetworkInterface.all() else { return }
        let usable = all.filter { $0.isUp && !$0.isLoopback && !$0.address.isLinkLocal }
        for (family, name) in [(SocketAddress.Family.ipv4, "IPv4"), (.ipv6, "IPv6")] {
            let own = usable.filter { $0.address.family == family }
            if own.isEmpty {
                self.diagnosis.warn(
                    name, "\(name): no address but the loopback's",
                    hint: "servers that have only \(name) addresses can't be reached from here")
            } else {
                let list = own.prefix(3).map { "\($0.address.host) (\($0.name))" }
                let more = own.count > 3 ? " and \(own.count - 3) more" : ""
                self.diagnosis.good(name, "\(name): \(list.joined(separator: ", "))\(more)")
            }
        }
    }

    private func checkClock() {
        let now = WallClock.seconds()
        // A machine whose clock has lost its battery wakes up in 1970, or on the day its system was built.
        if UTCTime(now) < UTCTime(parsing: "2026-01-01") ?? UTCTime(0) {
            self.diagnosis.fail(
                "clock", "the clock says \(UTCTime(now)): certificates would not be good yet",
                hint: "set it, and keep it right (timedatectl set-ntp true, or chrony)")
        } else {
            self.diagnosis.good("clock", "the clock says \(UTCTime(now))")
        }
        let reads = 20_000
        let start = MonotonicClock.now()
        for _ in 0..<reads { _ = MonotonicClock.now() }
        let cost = Int((MonotonicClock.now() - start) / UInt64(reads))
        let source = SystemFile.text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        let sentence = "reading the clock takes \(cost) ns" + (source.map { " (\($0))" } ?? "")
        if cost > 1_000 {
            self.diagnosis.warn(
                "clock source", sentence,
                hint: "a slow clock source, such as hpet, acpi_pm or xen, slows every packet: see "
                    + "/sys/devices/system/clocksource/clocksource0/available_clocksource")
        } else {
            self.diagnosis.good("clock source", sentence)
        }
    }

    private func checkTrust() {
        do throws(EngineError) {
            let count = try TrustStore.system().count
            self.diagnosis.good("trust", "\(count) certificate authorities are trusted")
        } catch {
            self.diagnosis.fail("trust", error.message, hint: "apt-get install ca-certificates, or use --ca and --pin")
        }
    }
}

/// What the kernel and the distribution say of themselves in files.
enum SystemFile {
    static func text(_ path: String) -> String? {
        guard let bytes = try? DiskFile.contents(of: path, limit: 4 << 20), !bytes.isEmpty else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmedEnd
    }

    /// The value of the first line that begins with `name`.
    static func value(_ name: String, in path: String, separator: Character) -> String? {
        let lines = self.text(path)?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix(name) }), let sign = line.firstIndex(of: separator) else {
            return nil
        }
        let value = line[line.index(after: sign)...].drop { $0.isWhitespace || $0 == "\"" }
        return String(value).trimmedEnd.replacing("\"", with: "")
    }
}

extension SocketAddress {
    /// fe80::/10 and 169.254.0.0/16: good on one cable only.
    var isLinkLocal: Bool {
        switch self.family {
        case .ipv4: self.high >> 48 == 0xa9fe
        case .ipv6: self.high >> 54 == 0x3fa
        }
    }
}
