import QUICEngine

/// The NATs of a network: each gives an endpoint another address on the outside.
struct AddressTranslation {
    private var outerOfInner: [NetworkAddress: NetworkAddress] = [:]
    /// Every outer address that an endpoint has ever had, its own included, so that packets to a past one are known.
    private var innerOfOuter: [NetworkAddress: NetworkAddress] = [:]

    mutating func bind(_ inner: NetworkAddress, to outer: NetworkAddress) {
        self.outerOfInner[inner] = outer
        self.innerOfOuter[inner] = self.innerOfOuter[inner] ?? inner
        self.innerOfOuter[outer] = inner
    }

    /// The address from which the packets of `inner` appear.
    func outer(of inner: NetworkAddress) -> NetworkAddress {
        self.outerOfInner.isEmpty ? inner : self.outerOfInner[inner] ?? inner
    }

    /// The endpoint that `outer` belongs to, or once belonged to.
    func inner(of outer: NetworkAddress) -> NetworkAddress {
        self.innerOfOuter.isEmpty ? outer : self.innerOfOuter[outer] ?? outer
    }
}
