/// What the two ends of a relayed connection say to meet directly (DCUtR §RPC messages).
struct HolePunchMessage: ProtobufMessage {
    /// The most bytes that are accepted.
    static let maximumByteCount = 4_096

    /// What the message is for.
    enum Kind: UInt64, Sendable {
        /// These are the addresses to try.
        case connect = 100
        /// Begin now.
        case sync = 300
    }

    /// What the message is for.
    let kind: Kind
    /// The addresses that others see the sender at, in binary form.
    let observedAddresses: [[UInt8]]

    init(_ kind: Kind, observedAddresses: [[UInt8]] = []) {
        self.kind = kind
        self.observedAddresses = observedAddresses
    }

    init(decoding bytes: [UInt8]) throws(LibP2PError) {
        var kind: Kind?
        var addresses: [[UInt8]] = []
        var reader = try Self.reader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let number = try field.varint()
                guard let known = Kind(rawValue: number) else {
                    throw LibP2PError(.malformed, "a hole punch message is of type 100 or 300, not \(number)")
                }
                kind = known
            case 2:
                try field.append(to: &addresses, limit: AddressListLimits.byteCount, count: AddressListLimits.count)
            default: break
            }
        }
        guard let kind else { throw Self.missing("a type") }
        self.init(kind, observedAddresses: addresses)
    }

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.append(1, self.kind.rawValue)
        writer.append(2, each: self.observedAddresses)
        return writer.bytes
    }
}
