import QUIC
import QUICIO

/// What `tern get` is to fetch, and how.
struct GetOptions: Sendable {
    /// Which connections the files come over.
    enum Connections: Sendable {
        /// All over one.
        case one
        /// A connection for every file, one after the other.
        case each
        /// The first file over one, the others over a second one that resumes its session.
        case resumed
    }

    var client: ClientOptions
    var connections = Connections.one
    var protocols = [FileProtocol.tern, .interop]
    var parallel = 32
    var output: String?
    var discards = false
    var resumesFiles = true
    var sendsEarly = false
    var sessions: String?
    var migratesAfter: UInt64?
    var updatesKeys = false
    var probesMTU = true
    var isQuiet = false
    var isJSON = false
    var items: [GetItem] = []

    init(_ arguments: inout Arguments) throws {
        arguments.splitAssignments()
        self.client = try ClientOptions(&arguments)
        let (each, resumed) = (arguments.flag("--each"), arguments.flag("--then-resume"))
        guard !(each && resumed) else { throw UsageError(message: "choose one of --each and --then-resume") }
        self.connections = each ? .each : resumed ? .resumed : .one
        self.sendsEarly = arguments.flag("--0rtt")
        if let names = try arguments.list("--alpn") {
            self.protocols = try names.map {
                guard let known = FileProtocol(rawValue: $0) else {
                    throw UsageError(message: "files are fetched as hq-interop or tern-files, not as \($0)")
                }
                return known
            }
        } else if self.sendsEarly || resumed {
            // What is sent before the server answers has to be in a dialect that it knows for certain.
            self.protocols = [.interop]
        }
        self.parallel = try arguments.whole("--parallel", 1...10_000) ?? self.parallel
        self.output = try arguments.option("--output") ?? arguments.option("-o")
        self.discards = arguments.flag("--discard")
        self.resumesFiles = !arguments.flag("--no-resume")
        self.sessions = try arguments.option("--sessions")
        self.migratesAfter = try arguments.whole("--migrate-after", 0...1 << 50).map { UInt64($0) }
        self.updatesKeys = arguments.flag("--update-keys")
        self.probesMTU = !arguments.flag("--no-pmtud")
        self.isQuiet = arguments.flag("--quiet")
        self.isJSON = arguments.flag("--json")
        guard !self.sendsEarly || self.sessions != nil || resumed else {
            throw UsageError(
                message:
                    "--0rtt needs the session of an earlier visit: keep it with --sessions FILE, or give --then-resume")
        }
        var urls: [String] = []
        while let url = arguments.next() {
            guard !url.hasPrefix("-") || url == "-" else { throw UsageError(message: "\(url) is not understood") }
            urls.append(url)
        }
        guard !urls.isEmpty else { throw UsageError(message: "get needs a URL, such as https://example.org/file") }
        let isFolder = self.output.map { $0.hasSuffix("/") || DiskFile.isFolder($0) } ?? false
        guard urls.count == 1 || self.output == nil || self.output == "-" || isFolder else {
            throw UsageError(
                message: "--output is a folder where several files are fetched: make it first, or end it with /")
        }
        let (discards, output) = (self.discards, self.output)
        self.items = try urls.map {
            try GetItem($0, output: discards ? nil : output ?? "./", isFolder: isFolder || output == nil)
        }
        try Self.checkPlaces(self.items)
    }

    /// Two files in one place would be none.
    private static func checkPlaces(_ items: [GetItem]) throws {
        var places: [String: String] = [:]
        for item in items {
            guard let place = item.destination, place != "-" else { continue }
            if let other = places.updateValue(item.url, forKey: place) {
                throw UsageError(message: "\(other) and \(item.url) would both become \(place): fetch them one by one")
            }
        }
    }

    /// How a server is called.
    var configuration: QUICClientConfiguration {
        var client = self.client.configuration(protocols: self.protocols.map(\.rawValue))
        client.transport.packets.discoversPathMTU = self.probesMTU
        return client
    }
}

/// One file to fetch.
struct GetItem: Sendable {
    let url: String
    let server: HostAndPort
    let path: String
    /// Where it goes; nil: nowhere, "-": to the standard output.
    let destination: String?

    init(_ url: String, output: String?, isFolder: Bool) throws {
        self.url = url
        var rest = Substring(url)
        var port: UInt16 = 4433
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound] == "https" else {
                throw UsageError(message: "a URL begins with https:// or with the server's name, not as \(url)")
            }
            port = 443
            rest = rest[scheme.upperBound...]
        }
        let authority = rest.prefix { $0 != "/" }
        self.server = try HostAndPort(String(authority), port: port)
        let path = rest[authority.endIndex...]
        self.path = path.isEmpty ? "/" : String(path)
        guard !self.path.contains(where: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" }) else {
            throw UsageError(message: "a URL is one line")
        }
        guard let output, output != "-", isFolder else {
            self.destination = output
            return
        }
        // The name comes from our own command line, but let it not be a path of its own all the same.
        let name = self.path.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last.map(String.init) ?? "index"
        self.destination =
            (output.hasSuffix("/") ? output : output + "/") + (name == ".." || name == "." ? "index" : name)
    }
}
