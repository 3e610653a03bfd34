import QUICEngine
import QUICIO

/// `tern bench`: each case is a file in `Bench/` and prints a table, or one JSON object.
enum BenchCommand: Command {
    static let name = "bench"
    static let summary = "measure: engine, router"
    static let help = """
        Usage: tern bench CASE [OPTIONS]

        engine    two connections in one thread, no sockets: what the engine costs
            --gb N          how much to move, 1 unless given (in 10^9 bytes)
            --copy          the sender copies its bytes into the engine, instead of handing chunks over
            --burst N       datagrams handed over at a time, 64 unless given
            --streams N     move it on N streams at once
            --datagram N    size of UDP payloads, 1452 unless given

        router    a server with few connections beside one with many, over loopback: what a packet costs it
            --connections A,B   how many; 10,10000 unless given, and each is compared with the first
            --rounds N          by turns, 5 unless given
            --messages N        small datagrams there and back per round and row, 50000 unless given
            --in-flight N       at a time, 10 unless given

        certificate CERT KEY    write a certificate (EC P-256) and its key for the C programs that are compared

        --json prints one object instead of a table.

        Compare ratios inside one run on one machine; absolute times of two runs say little.
        Example: tern bench engine --gb 2 --json
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        guard let name = arguments.next() else { throw UsageError(message: "bench needs a case") }
        switch name {
        case "engine": return try EngineBenchmark.run(&arguments)
        case "router": return try await RouterBenchmark.run(&arguments)
        case "certificate": return try self.writeCertificate(&arguments)
        default: throw UsageError(message: "there is no bench \(name)")
        }
    }

    /// The C programs that are measured beside Tern read a certificate and a key of the same kind from files.
    private static func writeCertificate(_ arguments: inout Arguments) throws -> Int32 {
        guard let certificate = arguments.next(), let key = arguments.next() else {
            throw UsageError(message: "bench certificate needs two file names")
        }
        try arguments.end()
        var template = CertificateTemplate(
            commonName: "localhost", names: ["localhost"], now: WallClock.seconds())
        template.keyKind = .ecdsaP256
        let bundle = try template.issue()
        try DiskFile.write(bundle.certificatePEM, to: certificate)
        try PrivateFile.replace(key, with: Array(bundle.privateKeyPEM.utf8))
        return 0
    }
}
