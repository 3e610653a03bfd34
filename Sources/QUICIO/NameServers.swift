/// The name servers that this host asks (resolv.conf(5)).
public enum NameServers {
    /// What the system is told, at most three; itself where it is told nothing.
    public static func system() -> [SocketAddress] {
        let text = (try? DiskFile.contents(of: "/etc/resolv.conf", limit: 65_536)) ?? []
        return self.parse(String(decoding: text, as: UTF8.self))
    }

    /// The servers in the text of a `resolv.conf`.
    static func parse(_ text: String) -> [SocketAddress] {
        var servers: [SocketAddress] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver",
                let server = SocketAddress(parsing: String(words[1]), port: 53), !servers.contains(server)
            else { continue }
            servers.append(server)
        }
        return servers.isEmpty ? [SocketAddress(ipv4: (127, 0, 0, 1), port: 53)] : Array(servers.prefix(3))
    }
}
