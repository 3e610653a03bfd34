import QUICEngine

/// `tern version`
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "say which libraries are in use"
    static let help = """
        Usage: tern version [--json]

        Prints the versions of ngtcp2 and GnuTLS that were loaded, and the QUIC versions that can be spoken.
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let isJSON = arguments.flag("--json")
        try arguments.end()
        let versions = EngineLibrary.versions.map(\.description).joined(separator: ", ")
        if isJSON {
            var object = JSONObject()
            object.add("ngtcp2", EngineLibrary.ngtcp2Version)
            object.add("gnutls", EngineLibrary.gnutlsVersion)
            object.add("quic", versions)
            Console.write(object.text)
        } else {
            Console.write(
                "ngtcp2 \(EngineLibrary.ngtcp2Version), GnuTLS \(EngineLibrary.gnutlsVersion), QUIC \(versions)")
        }
        return 0
    }
}
