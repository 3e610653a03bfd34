import Testing

@testable import QUICIO

@Suite("Host start")
struct HostStartTests {
    @Test("the identifier is the kernel's, and the same for as long as the host runs")
    func identifier() {
        #expect(HostStart.identifier?.count == 37)
        #expect(HostStart.identifier == HostStart.read("/proc/sys/kernel/random/boot_id"))
    }

    @Test("where there is none, or something else, it is nil", arguments: ["/nowhere", "/dev/null", "/dev/zero", "/"])
    func none(path: String) { #expect(HostStart.read(path) == nil) }
}
