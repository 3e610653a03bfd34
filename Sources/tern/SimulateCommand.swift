import QUICEngine
import QUICIO
import QUICTestSupport

/// `tern simulate`
enum SimulateCommand: Command {
    static let name = "simulate"
    static let summary = "move data over a bad link that exists only in memory"
    static let help = """
        Usage: tern simulate [OPTIONS]

        Two engines, a client and a server, on virtual time: no socket, no network. The server sends; the link loses,
        delays, reorders, duplicates and damages packets. Every byte is compared.

            --mb N           how much to move, 200 unless given (in 10^6 bytes)
            --streams N      on N streams at once, 4 unless given
            --rtt MS         round trip of the link, 40 unless given
            --mbit N         its bandwidth, 200 unless given
            --loss PERCENT   1 unless given
            --cc NAME        bbr (the default here: loss does not mean congestion on this link), cubic or reno
            --seed N         another seed, another run; the same seed, the same run
            --qlog NAME      writes what each end saw into NAME.client.sqlog and NAME.server.sqlog, for tern qlog
            --json           one object instead of a table

        Example: tern simulate --loss 5 --cc cubic --mb 50
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        var simulation = TransferSimulation()
        let isJSON = arguments.flag("--json")
        simulation.bytes = Int((try arguments.number("--mb", 0.001...10_000) ?? 200) * 1e6)
        simulation.streams = Int(try arguments.number("--streams", 1...1_000) ?? 4)
        simulation.roundTrip = .microseconds(Int64((try arguments.number("--rtt", 0...10_000) ?? 40) * 1e3))
        simulation.bandwidth = Int((try arguments.number("--mbit", 0.01...100_000) ?? 200) * 1e6)
        simulation.loss = (try arguments.number("--loss", 0...90) ?? 1) / 100
        simulation.seed = UInt64(try arguments.number("--seed", 0...9e15) ?? 1)
        simulation.traceName = try arguments.option("--qlog")
        if let name = try arguments.option("--cc") {
            guard let choice = ["reno": EngineConfiguration.CongestionControl.reno, "cubic": .cubic, "bbr": .bbr][name]
            else {
                throw UsageError(message: "--cc is cubic, bbr or reno, not \(name)")
            }
            simulation.congestionControl = choice
        }
        try arguments.end()
        let report = try simulation.run { Console.progress($0) }
        Console.endProgress()
        Console.write(isJSON ? report.json : report.table)
        return report.problems.isEmpty ? 0 : 1
    }
}
