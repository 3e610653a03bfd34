import QUICEngine

/// `tern version`
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "say which libraries are in use"
    static let help = """
        Usage: tern version [--json]

        Prints the versions of ngtcp2 and GnuTLS that were loaded, the QUIC versions that can be spoken, and who seals
        packets with AES-GCM: GnuTLS, or Tern where the processor has vector instructions for it.
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let isJSON = arguments.flag("--json")
        try arguments.end()
        let versions = EngineLibrary.versions.map(\.description).joined(separator: ", ")
        let sealer = EngineLibrary.sealsPackets() ? "Tern" : "GnuTLS"
        if isJSON {
            var object = JSONObject()
            object.add("ngtcp2", EngineLibrary.ngtcp2Version)
            object.add("gnutls", EngineLibrary.gnutlsVersion)
            object.add("quic", versions)
            object.add("aes_gcm", sealer)
            Console.write(object.text)
        } else {
            Console.write(
                "ngtcp2 \(EngineLibrary.ngtcp2Version), GnuTLS \(EngineLibrary.gnutlsVersion), QUIC \(versions), "
                    + "AES-GCM by \(sealer)")
        }
        return 0
    }
}
