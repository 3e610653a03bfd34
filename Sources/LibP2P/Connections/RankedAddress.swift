/// An address and how long to wait before it is dialled, counted from the first one.
struct RankedAddress: Hashable, Sendable {
    let address: Multiaddress
    let delay: Duration
}
