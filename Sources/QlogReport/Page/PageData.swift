/// The traces as the page's script reads them: JSON without a character that HTML could take for markup.
struct PageData {
    private var text = ""

    init(_ traces: [QlogTrace], title: String) {
        self.text.reserveCapacity(traces.reduce(0) { $0 + $1.packets.count * 40 })
        self.text += "{\"title\":\(JSONString.quoted(title)),\"kinds\":["
        self.join(FrameKind.allCases) { data, kind in
            data.text += "{\"name\":\(JSONString.quoted(kind.name)),\"fields\":"
            data.strings(kind.fields)
            data.text += "}"
        }
        self.text += "],\"types\":"
        self.strings(PacketType.allCases.map(\.name))
        self.text += ",\"traces\":["
        self.join(traces) { $0.add($1) }
        self.text += "]}"
    }

    var json: String { self.text }

    private mutating func add(_ trace: QlogTrace) {
        let about = trace.description
        self.text += "{\"vantage\":\(JSONString.quoted(about.vantage)),\"notes\":"
        self.strings(trace.notes)
        self.text += ",\"start\":\(trace.shift),\"end\":\(trace.end),\"facts\":["
        let facts = TraceFacts(trace)
        self.join(facts.rows) { $0.strings([$1.0, $1.1]) }
        self.text += "],\"figures\":["
        self.join(facts.figures) { $0.strings([$1.0, $1.1, $1.2]) }
        self.text += "],\"parameters\":["
        self.join(about.parameters) { $0.strings([$1.owner, $1.name, $1.value]) }
        self.text += "],\"marks\":["
        self.join(trace.marks) { $0.text += "[\($1.time),\(JSONString.quoted($1.text))]" }
        self.text += "],\"series\":["
        self.join(trace.series) { data, series in
            data.text += "["
            data.differences(series.times)
            data.text += ","
            data.numbers(series.values)
            data.text += "]"
        }
        self.text += "],\"packets\":{\"times\":"
        self.add(trace.packets)
        self.text += "}}"
    }

    private mutating func add(_ packets: QlogTrace.Packets) {
        self.differences(packets.times)
        self.text += ",\"kinds\":"
        // Type, direction and fate of a packet in one small number.
        self.numbers(
            packets.types.indices.map {
                packets.types[$0].rawValue * 8 + packets.fates[$0].rawValue * 2 + (packets.isSent[$0] ? 1 : 0)
            })
        self.text += ",\"numbers\":"
        self.numbers(packets.numbers)
        self.text += ",\"sizes\":"
        self.numbers(packets.sizes)
        self.text += ",\"settled\":"
        self.numbers(packets.settled)
        self.text += ",\"frameCounts\":"
        self.numbers(packets.frameCounts)
        self.text += ",\"frames\":"
        self.numbers(packets.frames)
    }

    /// Each but the first as its distance from the one before: shorter.
    private mutating func differences(_ values: [Int]) {
        var last = 0
        self.numbers(
            values.map { value in
                defer { last = value }
                return value - last
            })
    }

    private mutating func numbers(_ values: [Int]) { self.list(values) { $0.text += String($1) } }

    private mutating func strings(_ values: [String]) { self.list(values) { $0.text += JSONString.quoted($1) } }

    private mutating func list<Value>(_ values: [Value], _ add: (inout PageData, Value) -> Void) {
        self.text += "["
        self.join(values, add)
        self.text += "]"
    }

    private mutating func join<Value>(_ values: [Value], _ add: (inout PageData, Value) -> Void) {
        var isFirst = true
        for value in values {
            if !isFirst { self.text += "," }
            isFirst = false
            add(&self, value)
        }
    }
}
