/// Lets only so many tests have endpoints at a time: all at once they would outrun each other's timeouts on a small machine.
public actor Gate {
    /// The gate of this process.
    public static let shared = Gate(places: 3)
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Creates a gate with so many places.
    public init(places: Int) { self.places = places }

    /// Waits for a place.
    public func enter() async {
        guard self.places == 0 else {
            self.places -= 1
            return
        }
        await withCheckedContinuation { self.waiting.append($0) }
    }

    /// Gives the place back.
    public func leave() {
        guard !self.waiting.isEmpty else {
            self.places += 1
            return
        }
        self.waiting.removeFirst().resume()
    }
}
