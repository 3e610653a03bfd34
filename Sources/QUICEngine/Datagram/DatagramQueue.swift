/// Datagrams on their way out or in (RFC 9221), bounded in number and in bytes. The newest is refused when full.
struct DatagramQueue {
    struct Item {
        let id: UInt64
        let payload: [UInt8]
    }

    let countLimit: Int
    let byteLimit: Int
    private var items = RingBuffer<Item>()
    private(set) var bytes = 0
    private(set) var dropped: UInt64 = 0

    init(countLimit: Int, byteLimit: Int) {
        self.countLimit = max(countLimit, 0)
        self.byteLimit = max(byteLimit, 0)
    }

    var count: Int { self.items.count }

    func hasRoom(for size: Int) -> Bool { self.items.count < self.countLimit && self.bytes + size <= self.byteLimit }

    /// Returns false, and counts the loss, where there is no room.
    mutating func append(_ item: consuming Item) -> Bool {
        let size = item.payload.count
        guard self.hasRoom(for: size) else {
            self.dropped &+= 1
            return false
        }
        self.items.append(item)
        self.bytes += size
        return true
    }

    /// Puts the item back that was just taken.
    mutating func putBack(_ item: consuming Item) {
        self.bytes += item.payload.count
        self.items.prepend(item)
    }

    @discardableResult
    mutating func popFirst() -> Item? {
        guard let item = self.items.popFirst() else { return nil }
        self.bytes -= item.payload.count
        return item
    }

    mutating func removeAll() {
        self.items.removeAll()
        self.bytes = 0
    }
}
