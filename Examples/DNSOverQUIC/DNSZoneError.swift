/// What is wrong with a zone, for the person who wrote it.
struct DNSZoneError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
