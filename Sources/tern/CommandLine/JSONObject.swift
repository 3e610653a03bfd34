/// One JSON object, in the order in which it was filled.
struct JSONObject {
    private var members: [String] = []

    mutating func add(_ name: String, _ value: Bool) { self.members.append("\(Self.quote(name)): \(value)") }
    mutating func add(_ name: String, _ value: String) {
        self.members.append("\(Self.quote(name)): \(Self.quote(value))")
    }
    mutating func add(_ name: String, _ value: some BinaryInteger) {
        self.members.append("\(Self.quote(name)): \(value)")
    }
    mutating func add(_ name: String, _ value: Double, digits: Int = 3) {
        self.members.append("\(Self.quote(name)): \(value.isFinite ? value.formatted(digits) : "null")")
    }
    mutating func add(_ name: String, _ values: [Double], digits: Int = 3) {
        self.members.append("\(Self.quote(name)): [\(values.map { $0.formatted(digits) }.joined(separator: ", "))]")
    }

    mutating func add(_ name: String, _ values: [String]) {
        self.members.append("\(Self.quote(name)): [\(values.map(Self.quote).joined(separator: ", "))]")
    }
    mutating func add(_ name: String, _ object: JSONObject) {
        self.members.append("\(Self.quote(name)): \(object.text)")
    }
    mutating func add(_ name: String, _ objects: [JSONObject]) {
        self.members.append("\(Self.quote(name)): [\(objects.map(\.text).joined(separator: ", "))]")
    }
    mutating func addNull(_ name: String) { self.members.append("\(Self.quote(name)): null") }

    var text: String { "{\(self.members.joined(separator: ", "))}" }

    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default:
                if scalar.value < 0x20 {
                    result += "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                    result += String(scalar.value, radix: 16)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
