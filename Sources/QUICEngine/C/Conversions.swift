internal import CNGTCP2

extension ConnectionID {
    init(_ cid: ngtcp2_cid) {
        var cid = cid
        let id = unsafe withUnsafeBytes(of: &cid.data) { unsafe ConnectionID(unsafe $0.prefix(cid.datalen)) }
        self = id ?? ConnectionID()
    }

    var cValue: ngtcp2_cid {
        var cid = ngtcp2_cid()
        cid.datalen = self.count
        unsafe withUnsafeMutableBytes(of: &cid.data) { raw in
            for index in 0..<self.count { unsafe raw[index] = self[index] }
        }
        return cid
    }
}

extension StatelessResetToken {
    init(copying pointer: UnsafePointer<UInt8>) {
        func word(_ offset: Int) -> UInt64 { (0..<8).reduce(0) { unsafe $0 << 8 | UInt64(pointer[offset + $1]) } }
        self.init(high: word(0), low: word(8))
    }

    func copy(to pointer: UnsafeMutablePointer<UInt8>) {
        for index in 0..<8 {
            unsafe pointer[index] = UInt8(truncatingIfNeeded: self.high >> UInt64(56 - 8 * index))
            unsafe pointer[index + 8] = UInt8(truncatingIfNeeded: self.low >> UInt64(56 - 8 * index))
        }
    }
}

extension NetworkAddress {
    init?(_ address: tern_address) {
        guard let family = Family(rawValue: address.family) else { return nil }
        self.init(family: family, high: address.high, low: address.low, port: address.port, scopeID: address.scope)
    }

    var cValue: tern_address {
        tern_address(high: self.high, low: self.low, scope: self.scopeID, port: self.port, family: self.family.rawValue)
    }
}

extension NetworkPath {
    init?(_ path: tern_path) {
        guard let local = NetworkAddress(path.local), let remote = NetworkAddress(path.remote) else { return nil }
        self.init(local: local, remote: remote)
    }

    var cValue: tern_path { tern_path(local: self.local.cValue, remote: self.remote.cValue) }
}
