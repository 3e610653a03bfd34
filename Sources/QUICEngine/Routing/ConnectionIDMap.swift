/// A map from connection IDs. IDs of eight bytes, the usual length, are found by one word.
///
/// Its values are not generic over the table's handle, so that look-ups are compiled for what they really are.
struct ConnectionIDMap<Value> {
    private var words: [UInt64: Value] = [:]
    private var others: [ConnectionID: Value] = [:]

    var count: Int { self.words.count + self.others.count }

    subscript(id: ConnectionID) -> Value? {
        get { id.count == 8 ? self.words[id.first] : self.others[id] }
        set { if id.count == 8 { self.words[id.first] = newValue } else { self.others[id] = newValue } }
    }

    /// The value of the eight-byte ID whose bytes are `word` in the order of the network.
    subscript(word word: UInt64) -> Value? { self.words[word] }
}
