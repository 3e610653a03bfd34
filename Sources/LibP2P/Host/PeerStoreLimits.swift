/// How much a peer store keeps. What does not fit is left out or forgotten; nothing is refused.
public struct PeerStoreLimits: Hashable, Sendable {
    /// How many peers; beyond it the one that nobody asked for or changed for longest is forgotten.
    public var peers = 1_024
    /// How many addresses of each; beyond it the least certain go, and of those the ones that end soonest.
    public var addressesPerPeer = 64
    /// How many bytes the addresses of one peer may have together. A usual one has 12 to 60.
    public var addressBytesPerPeer = 8_192
    /// How many bytes the names of a peer's protocols may have together.
    public var protocolBytesPerPeer = 8_192
    /// How many bytes the metadata of one peer may have together, with its names.
    public var metadataBytesPerPeer = 16_384

    /// The defaults: less than 40 MB, however peers behave.
    public init() {}
}
