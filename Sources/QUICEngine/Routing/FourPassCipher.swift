/// Encrypts the part of a connection ID behind its first byte (draft-ietf-quic-load-balancers §5.4).
///
/// Sixteen bytes are one block of AES. Any other length is a Feistel network of four passes, whose halves overlap in no
/// bit: where the length is odd, each half has four bits of the byte in the middle.
struct FourPassCipher: Sendable {
    private let cipher: AESBlockCipher

    init(key: [UInt8]) throws(EngineError) { self.cipher = try AESBlockCipher(key: key) }

    func encrypt(_ plain: [UInt8]) -> [UInt8] {
        guard plain.count != 16 else { return self.cipher.encrypt(plain) }
        var halves = Halves(plain)
        for pass in 1...4 { self.apply(UInt8(pass), to: &halves) }
        return halves.joined
    }

    func decrypt(_ encrypted: [UInt8]) -> [UInt8] {
        guard encrypted.count != 16 else { return self.cipher.decrypt(encrypted) }
        var halves = Halves(encrypted)
        for pass in 1...4 { self.apply(UInt8(5 - pass), to: &halves) }
        return halves.joined
    }

    /// Odd passes mix the left half into the right one, even passes the other way. Each undoes itself.
    private func apply(_ pass: UInt8, to halves: inout Halves) {
        let source = pass & 1 == 1 ? halves.left : halves.right
        let padding = [UInt8](repeating: 0, count: 14 - source.count)
        let mask = self.cipher.encrypt(source + padding + [UInt8(truncatingIfNeeded: halves.count), pass])
        if pass & 1 == 1 { halves.mixIntoRight(mask) } else { halves.mixIntoLeft(mask) }
    }

    private struct Halves {
        let count: Int
        private(set) var left: [UInt8]
        private(set) var right: [UInt8]

        private var isOdd: Bool { self.count & 1 == 1 }

        init(_ bytes: [UInt8]) {
            self.count = bytes.count
            let half = (bytes.count + 1) / 2
            self.left = Array(bytes.prefix(half))
            self.right = Array(bytes.suffix(half))
            self.clearForeignBits()
        }

        var joined: [UInt8] {
            guard self.isOdd, let end = self.left.last, let start = self.right.first else {
                return self.left + self.right
            }
            return self.left.dropLast() + [end | start] + self.right.dropFirst()
        }

        mutating func mixIntoLeft(_ mask: [UInt8]) {
            for index in self.left.indices { self.left[index] ^= mask[index] }
            self.clearForeignBits()
        }

        mutating func mixIntoRight(_ mask: [UInt8]) {
            for index in self.right.indices { self.right[index] ^= mask[index] }
            self.clearForeignBits()
        }

        private mutating func clearForeignBits() {
            guard self.isOdd, !self.left.isEmpty else { return }
            self.left[self.left.count - 1] &= 0xf0
            self.right[0] &= 0x0f
        }
    }
}
