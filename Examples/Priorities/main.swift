// An urgent stream overtakes a bulk one that was there first. Both ends are in this process.
//
//     swift run PrioritiesExample [MEGABYTES]

import ExampleSupport

let megabytes = Words.at(0).flatMap { Int($0) } ?? 16
guard 1...1_000 ~= megabytes, Words.all.count <= 1, Words.all.count == 0 || Words.at(0) == "\(megabytes)" else {
    Words.explain("Usage: PrioritiesExample [MEGABYTES]")
}
try await Race.run(size: megabytes << 20)
