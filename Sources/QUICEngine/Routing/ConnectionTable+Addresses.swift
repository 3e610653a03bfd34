// The address that a connection's packets come from: the last resort for packets whose ID is unknown.
//
// What is found by address is a guess that only decryption confirms. Nothing is registered because of it.

extension ConnectionTable {
    /// Notes the address that a connection's packets come from, in place of the one before. False where the connection
    /// has no routes.
    @discardableResult
    public func associate(_ handle: Handle, with address: NetworkAddress) -> Bool {
        guard let number = self.slotNumbers[handle] else { return false }
        if self.slots[number]?.address == address { return true }
        self.disassociate(handle)
        self.slots[number]?.address = address
        self.addresses[address, default: .none].insert(number)
        return true
    }

    /// Follows a connection to its new address, where one is noted for it.
    public func moved(_ handle: Handle, to address: NetworkAddress) {
        guard self.address(of: handle) != nil else { return }
        self.associate(handle, with: address)
    }

    /// Forgets the connection's address.
    public func disassociate(_ handle: Handle) {
        guard let number = self.slotNumbers[handle], let address = self.slots[number]?.address else { return }
        self.slots[number]?.address = nil
        self.addresses[address]?.remove(number)
        if self.addresses[address]?.isEmpty == true { self.addresses[address] = nil }
    }

    /// The address that is noted for a connection.
    public func address(of handle: Handle) -> NetworkAddress? { self.slot(of: handle)?.address }

    /// The connection at an address, if there is exactly one: a guess for packets with an unknown ID.
    public func fallback(for address: NetworkAddress) -> Handle? {
        switch self.addresses[address] {
        case nil, .none?: return nil
        case .several?:
            self.counters.ambiguousFallbacks &+= 1
            return nil
        case .one(let number)?:
            self.counters.fallbackRoutings &+= 1
            return self.handles[number]
        }
    }
}

/// The connections at one address: nearly always one, so that needs no set.
enum AddressOwners {
    case none
    case one(Int)
    case several(Set<Int>)

    var isEmpty: Bool { if case .none = self { true } else { false } }

    mutating func insert(_ slot: Int) {
        switch self {
        case .none: self = .one(slot)
        case .one(let other): if other != slot { self = .several([other, slot]) }
        case .several(var slots):
            self = .none  // Gives up its reference, so that the set is changed in place.
            slots.insert(slot)
            self = .several(slots)
        }
    }

    mutating func remove(_ slot: Int) {
        switch self {
        case .none: break
        case .one(let other): if other == slot { self = .none }
        case .several(var slots):
            self = .none
            slots.remove(slot)
            if slots.count > 1 { self = .several(slots) } else if let last = slots.first { self = .one(last) }
        }
    }
}
