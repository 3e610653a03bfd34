/// Lets only so many tests have endpoints at a time: all at once they would outrun each other's timeouts on a small machine.
actor Gate {
    static let shared = Gate(places: 3)
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        guard self.places == 0 else {
            self.places -= 1
            return
        }
        await withCheckedContinuation { self.waiting.append($0) }
    }

    func leave() {
        guard !self.waiting.isEmpty else {
            self.places += 1
            return
        }
        self.waiting.removeFirst().resume()
    }
}
