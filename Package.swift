// swift-tools-version: 6.2
import PackageDescription

/// Settings shared by every Swift target.
let houseSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Targets that may hold an unsafe pointer must mark each use of one, so that `grep unsafe` is the audit list.
let pointerSettings: [SwiftSetting] = houseSettings + [.strictMemorySafety()]

/// Programs to read, one folder each; scripts/test runs them. Not products.
let examples: [Target] =
    ["Echo", "FileTransfer", "DatagramChat", "Priorities", "NetworkSwitch", "DNSOverQUIC"].map { name in
        .executableTarget(
            name: "\(name)Example", dependencies: ["QUIC", "ExampleSupport"], path: "Examples/\(name)",
            swiftSettings: houseSettings)
    }
    + ["Server", "Client"].map { name in
        .executableTarget(
            name: "QuickStart\(name)", dependencies: ["QUIC"], path: "Examples/QuickStart/\(name)",
            swiftSettings: houseSettings)
    }
    + ["HolePunch", "P2PEcho", "P2PFileTransfer", "P2PChat", "P2PTasks"].map { name in
        .executableTarget(
            name: "\(name)Example", dependencies: ["LibP2P", "QUIC", "ExampleSupport"], path: "Examples/\(name)",
            swiftSettings: houseSettings)
    }
    + [.target(name: "ExampleSupport", dependencies: ["QUIC"], path: "Examples/Support", swiftSettings: houseSettings)]

let package = Package(
    name: "tern",
    products: [
        .library(name: "QUIC", targets: ["QUIC"]),
        .library(name: "QUICEngine", targets: ["QUICEngine"]),
        .library(name: "LibP2P", targets: ["LibP2P"]),
        .executable(name: "tern", targets: ["tern"]),
    ],
    targets: [
        .systemLibrary(
            name: "CNGTCP2", path: "Modules/CNGTCP2", pkgConfig: "libngtcp2_crypto_gnutls",
            providers: [.apt(["libngtcp2-dev", "libngtcp2-crypto-gnutls-dev", "libgnutls28-dev"])]),
        .systemLibrary(name: "CLinuxUDP", path: "Modules/CLinuxUDP"),
        // Only for LibP2P. Where it is not installed, everything but keys on this curve works.
        .systemLibrary(
            name: "CSecp256k1", path: "Modules/CSecp256k1", pkgConfig: "libsecp256k1",
            providers: [.apt(["libsecp256k1-dev"])]),

        .target(name: "QUICEngine", dependencies: ["CNGTCP2"], swiftSettings: pointerSettings),
        .target(name: "QUICIO", dependencies: ["CLinuxUDP"], swiftSettings: pointerSettings),
        .target(name: "QUIC", dependencies: ["QUICEngine", "QUICIO"], swiftSettings: pointerSettings),
        .target(name: "Secp256k1", dependencies: ["CSecp256k1"], swiftSettings: pointerSettings),
        .target(
            name: "LibP2P", dependencies: ["QUIC", "QUICEngine", "QUICIO", "Secp256k1"],
            swiftSettings: pointerSettings),
        .executableTarget(
            name: "tern",
            dependencies: ["QUIC", "QUICEngine", "QUICIO", "QUICTestSupport", "LibP2P", "TernFigures", "QlogReport"],
            swiftSettings: houseSettings),
        // What libp2p's unified test plan runs; not for people.
        .executableTarget(
            name: "tern-libp2p-test", dependencies: ["LibP2P", "QUICIO"], swiftSettings: houseSettings),
        // Not a product: the statistics of the command line, where tests can reach them.
        .target(name: "TernFigures", swiftSettings: houseSettings),

        // Not a product: the simulated network that the tests, `tern simulate` and `tern bench engine` drive engines with,
        // and the faulty kernel of the socket tests.
        .target(name: "QUICTestSupport", dependencies: ["QUICEngine", "QUICIO"], swiftSettings: houseSettings),

        // Not a product: reads qlog traces and makes the page of `tern qlog`.
        .target(name: "QlogReport", swiftSettings: houseSettings),

        .testTarget(
            name: "QUICEngineTests", dependencies: ["QUICEngine", "QUICTestSupport", "CNGTCP2"],
            swiftSettings: houseSettings),
        .testTarget(name: "QUICIOTests", dependencies: ["QUICIO", "QUICTestSupport"], swiftSettings: houseSettings),
        .testTarget(
            name: "QUICTests", dependencies: ["QUIC", "QUICEngine", "QUICIO", "QUICTestSupport"],
            swiftSettings: houseSettings),
        .testTarget(
            name: "TernTests", dependencies: ["tern", "tern-libp2p-test", "LibP2P", "QUICIO"],
            swiftSettings: houseSettings),
        .testTarget(name: "TernFiguresTests", dependencies: ["TernFigures"], swiftSettings: houseSettings),
        .testTarget(
            name: "LibP2PTests",
            dependencies: ["QUICTestSupport", "LibP2P", "QUIC", "QUICEngine", "QUICIO", "Secp256k1"],
            swiftSettings: houseSettings),
        .testTarget(
            name: "DNSOverQUICTests", dependencies: ["DNSOverQUICExample", "ExampleSupport", "QUIC"],
            swiftSettings: houseSettings),
        .testTarget(name: "QlogReportTests", dependencies: ["QlogReport"], swiftSettings: houseSettings),
    ] + examples
)
