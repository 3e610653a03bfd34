import QUICEngine
import Testing

@Suite("Cipher speed")
struct CipherSpeedTests {
    @Test("every cipher is measured by the caller's clock", arguments: TLSCryptography.Cipher.allCases)
    func measured(cipher: TLSCryptography.Cipher) throws {
        var now = EngineInstant(nanoseconds: 0)
        let speed = try CipherSpeed.measure(cipher, for: .milliseconds(2)) {
            now = now.advanced(by: .milliseconds(1))
            return now
        }
        #expect(speed.cipher == cipher)
        #expect(speed.packetSize == 1_350)
        // 64 packets in each millisecond of this clock.
        #expect(speed.sealed == 64_000)
        #expect(speed.opened == 64_000)
    }

    @Test("a clock that stands still gives no speed, and no end of work is waited for")
    func frozen() throws {
        var calls: UInt64 = 0
        let speed = try CipherSpeed.measure(.aes128GCM, packetSize: 0, for: .zero) {
            calls += 1
            return EngineInstant(nanoseconds: 5)
        }
        #expect(speed.sealed == 0)
        #expect(speed.packetSize == 1)
        #expect(calls == 4)
    }
}
