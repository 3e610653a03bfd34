/// Servers that are known to speak QUIC with everybody: those of its implementers, and of large services.
enum PublicServers {
    static let all: [HostAndPort] = [
        // Services: HTTP/3.
        HostAndPort(host: "cloudflare-quic.com", port: 443),
        HostAndPort(host: "www.google.com", port: 443),
        HostAndPort(host: "www.facebook.com", port: 443),
        HostAndPort(host: "www.litespeedtech.com", port: 443),
        HostAndPort(host: "http3.is", port: 443),
        // Implementers: HTTP/3, often also hq-interop.
        HostAndPort(host: "quic.nginx.org", port: 443),
        HostAndPort(host: "quic.aiortc.org", port: 443),
        HostAndPort(host: "test.privateoctopus.com", port: 4433),
        HostAndPort(host: "quic.tech", port: 8443),
        HostAndPort(host: "nghttp2.org", port: 4433),
        HostAndPort(host: "h2o.examp1e.net", port: 443),
        // DNS over QUIC.
        HostAndPort(host: "dns.adguard-dns.com", port: 853),
    ]
}
