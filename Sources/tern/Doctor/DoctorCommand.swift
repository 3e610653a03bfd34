import QUIC
import QUICEngine
import QUICIO

/// `tern doctor`
enum DoctorCommand: Command {
    static let name = "doctor"
    static let summary = "check this machine, and a connection step by step"
    static let help = """
        Usage: tern doctor [HOST[:PORT]] [OPTIONS]

        Without an address: the libraries and their known defects, UDP sockets, IPv6, the clock, the trusted authorities,
        the speed of the ciphers, and a real connection through this machine's own network.

        With an address (port 443 unless given): names, UDP, versions, handshake, certificate and path, one by one, with
        what to do about each failure.

          --ca FILE          trust the certificates in FILE instead of the system's
          --pin HEX          trust this public key (tern cert pin), whatever its certificate says
          --sni NAME         ask for this name, and check the certificate for it
          --alpn A,B         protocols to offer, where the server knows none of the usual ones
          -4, -6             only IPv4, only IPv6
          --connect-timeout S  seconds for a handshake: 5
          --json             one object, at the end

        Each line begins with ✓ (all well), ! (it works, but look at it) or ✗ (it does not work).

        Examples:
          tern doctor
          tern doctor example.org
          tern doctor localhost:4433 --pin $(tern cert pin cert.pem)

        Exit codes: 0 nothing failed, 1 something failed, 2 not understood, 130 interrupted.
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        arguments.splitAssignments()
        let diagnosis = Diagnosis(isJSON: arguments.flag("--json"))
        let options = try DoctorOptions(&arguments)
        let wasInterrupted = try await Interruption.cancels {
            if let server = options.server {
                await ServerChecks(server: server, options: options, diagnosis: diagnosis).run()
            } else {
                LibraryChecks(diagnosis: diagnosis).run()
                MachineChecks(diagnosis: diagnosis).run()
                CipherChecks(diagnosis: diagnosis).run()
                await LoopbackChecks(diagnosis: diagnosis).run()
            }
        }
        diagnosis.finish(wasInterrupted: wasInterrupted)
        return wasInterrupted ? Interruption.exitCode : diagnosis.hasFailures ? 1 : 0
    }
}

/// What the doctor was told.
struct DoctorOptions: Sendable {
    let server: HostAndPort?
    let trust: CertificateTrust
    let serverName: String?
    let protocols: [String]
    let family: NetworkAddress.Family?
    let timeout: Duration

    init(_ arguments: inout Arguments) throws {
        self.trust = try CertificateTrust(&arguments)
        self.serverName = try arguments.option("--sni")
        self.protocols = try arguments.list("--alpn") ?? CertificateSource.usualProtocols
        self.family = try arguments.family()
        self.timeout = try arguments.seconds("--connect-timeout") ?? .seconds(5)
        if let word = arguments.peek(), word.hasPrefix("-") { try arguments.end() }
        self.server = try arguments.next().map { try HostAndPort($0, port: 443) }
        try arguments.end()
    }
}
