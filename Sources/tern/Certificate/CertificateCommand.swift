import QUICEngine

/// `tern cert`
enum CertificateCommand: Command {
    static let name = "cert"
    static let summary = "make, show and check certificates"
    static let help = """
        Usage: tern cert make [OPTIONS]
               tern cert show FILE|HOST:PORT [--json | --pem]
               tern cert pin FILE|HOST:PORT
               tern cert check FILE|HOST:PORT [--ca FILE] [--name NAME] [--at DATE]

        make   a key and a certificate for it: signed by itself, or by an authority of yours
          --names A,B        DNS names and IP addresses that it is for: localhost,127.0.0.1,::1
          --days N           how long it is good: 365
          --key-kind KIND    p256, p384, ed25519, rsa2048, rsa3072 or rsa4096: p256, which every client can check
          --ca               an authority, which can sign others
          --issuer FILE --issuer-key FILE   the authority that signs it, and its key
          --out PREFIX       writes PREFIX.pem and PREFIX.key, which only its owner can read: cert, or ca with --ca
          --force            writes over files that are there
        show   what a certificate says, each of its chain, and whether the chain is in order
          --pem              prints the chain as PEM, for --ca or a file
        pin    the 64 digits that --pin takes: they name the key, whatever certificate it is in
        check  whether a client would accept it, or what is wrong with it
          --ca FILE          trust the certificates in FILE instead of the system's
          --name NAME        the name or address that it must be for; of HOST:PORT it is HOST
          --at DATE          on another day: 2027-01-31 or 2027-01-31T12:00:00

        A server is asked for its certificate, and trusted for nothing else.
          --sni NAME         ask it for the certificate of this name
          --alpn A,B         protocols to offer, where the server knows none of the usual ones
          --json             of make, show, pin and check

        Examples:
          tern cert make --ca --out ca
          tern cert make --issuer ca.pem --issuer-key ca.key --names shop.test --out shop
          tern cert check shop.pem --ca ca.pem --name shop.test
          tern cert show example.org:443

        Exit codes: 0 done, or the certificate is good; 1 failed, or it is not; 2 not understood.
        """

    static func run(_ arguments: inout Arguments) async throws -> Int32 {
        arguments.splitAssignments()
        switch arguments.next() {
        case "make": return try CertificateMaking.run(&arguments)
        case "show": return try await self.show(&arguments)
        case "pin": return try await self.pin(&arguments)
        case "check": return try await CertificateCheck.run(&arguments)
        case let word?: throw UsageError(message: "cert can make, show, pin or check, not \(word)")
        case nil: throw UsageError(message: "cert needs to be told what to do: make, show, pin or check")
        }
    }

    private static func show(_ arguments: inout Arguments) async throws -> Int32 {
        let (isJSON, isPEM) = (arguments.flag("--json"), arguments.flag("--pem"))
        guard !(isJSON && isPEM) else { throw UsageError(message: "choose one of --json and --pem") }
        let chain = try await CertificateSource(&arguments).read()
        let report = CertificateReport(chain: chain)
        Console.write(isJSON ? report.json.text : isPEM ? report.pem : report.text)
        return 0
    }

    private static func pin(_ arguments: inout Arguments) async throws -> Int32 {
        let isJSON = arguments.flag("--json")
        let pin = try await CertificateSource(&arguments).read().first?.pin?.description ?? ""
        var object = JSONObject()
        object.add("pin", pin)
        Console.write(isJSON ? object.text : pin)
        return 0
    }
}
