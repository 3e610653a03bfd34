import QUICEngine
import QUICIO

/// How fast packets are sealed and opened, and whether the processor helps.
struct CipherChecks {
    let diagnosis: Diagnosis

    func run() {
        self.diagnosis.begin("Ciphers (one core, packets of 1,350 bytes)")
        var speeds: [TLSCryptography.Cipher: CipherSpeed] = [:]
        for cipher in TLSCryptography.Cipher.allCases { speeds[cipher] = self.measure(cipher) }
        guard let aes = speeds[.aes128GCM], let chacha = speeds[.chacha20Poly1305] else { return }
        // The file names instructions that the processor has; the speed shows whether the library uses them.
        let flags =
            SystemFile.value("flags", in: "/proc/cpuinfo", separator: ":")
            ?? SystemFile.value("Features", in: "/proc/cpuinfo", separator: ":")
        let hasAES = flags?.split(separator: " ").contains("aes") ?? (aes.sealed > chacha.sealed)
        if hasAES, aes.sealed > chacha.sealed {
            self.diagnosis.good("aes", "the processor computes AES: AES-128-GCM is the cipher to use")
        } else if hasAES {
            self.diagnosis.warn(
                "aes", "the processor computes AES, but GnuTLS is slow with it",
                hint: "was GNUTLS_CPUID_OVERRIDE set, or GnuTLS built without acceleration?")
        } else {
            self.diagnosis.warn(
                "aes", "the processor does not compute AES",
                hint: aes.sealed < chacha.sealed
                    ? "--cipher chacha20 is faster here" : "AES-128-GCM is still the faster")
        }
    }

    private func measure(_ cipher: TLSCryptography.Cipher) -> CipherSpeed? {
        do throws(EngineError) {
            let speed = try CipherSpeed.measure(cipher, for: .milliseconds(200)) {
                EngineInstant(nanoseconds: MonotonicClock.now())
            }
            var figures = JSONObject()
            figures.add("sealed_per_second", speed.sealed, digits: 0)
            figures.add("opened_per_second", speed.opened, digits: 0)
            self.diagnosis.good(
                cipher.rawValue,
                "\(cipher.rawValue): seals \(Self.text(speed.sealed, speed.packetSize)), opens "
                    + Self.text(speed.opened, speed.packetSize), figures)
            return speed
        } catch {
            self.diagnosis.fail(
                cipher.rawValue, "\(cipher.rawValue): \(error.message)",
                hint: "GnuTLS may be restricted by the system's policy (FIPS mode, /etc/gnutls/config)")
            return nil
        }
    }

    /// 2.1 million packets a second, 22.7 Gbit/s
    private static func text(_ rate: Double, _ size: Int) -> String {
        let packets =
            rate >= 1e6 ? "\((rate / 1e6).formatted(2)) million" : "\((rate / 1e3).formatted(0)) thousand"
        return "\(packets) a second (\(ByteCount.rate(Int(rate) * size, in: .seconds(1))))"
    }
}
