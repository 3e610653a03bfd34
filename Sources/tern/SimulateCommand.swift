import QUICEngine
import QUICIO
import QUICTestSupport

/// `tern simulate`
enum SimulateCommand: Command {
    static let name = "simulate"
    static let summary = "move data over a bad link that exists only in memory"
    static let help = """
        Usage: tern simulate [OPTIONS]
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 { 0 }
}
