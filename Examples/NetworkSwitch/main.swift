// A client moves to another address of its host in mid-transfer; the transfer goes on. Both ends are in this process.
//
//     swift run NetworkSwitchExample

import ExampleSupport

guard Words.all.isEmpty else { Words.explain("Usage: NetworkSwitchExample") }
try await NetworkSwitch.run(size: 16 << 20)
