import QUICIO

/// Finds the command and runs it.
enum CommandLineTool {
    private static var commands: [any Command.Type] {
        [
            ServeCommand.self, GetCommand.self, PingCommand.self, ProbeCommand.self, ConnectCommand.self,
            PerfCommand.self, CertificateCommand.self, DoctorCommand.self, QlogCommand.self, TransferCommand.self,
            P2PCommand.self, SimulateCommand.self, BenchCommand.self, PeerCommand.self, VersionCommand.self,
        ]
    }

    /// Returns the exit code.
    static func run(_ words: [String]) async -> Int32 {
        var arguments = Arguments(words)
        guard let name = arguments.next(), !["--help", "-h", "help"].contains(name) else {
            Console.write(HelpText.fitted(self.overview, width: self.width))
            return 0
        }
        guard let command = self.commands.first(where: { $0.name == name }) else {
            Console.complain("there is no command \(name): see tern --help")
            return 2
        }
        if arguments.contains("--help") || arguments.contains("-h") {
            Console.write(HelpText.fitted(command.help, width: self.width))
            return 0
        }
        do {
            return try await command.run(&arguments)
        } catch let error as UsageError {
            Console.complain("\(error.message): see tern \(name) --help")
            return 2
        } catch {
            Console.complain(Complaint.words(error))
            return 1
        }
    }

    /// What reads a pipe wants lines as they are.
    private static var width: Int { Terminal.showsOutput ? Terminal.width : .max }

    private static var overview: String {
        let width = self.commands.map { $0.name.count }.max() ?? 0
        let lines = self.commands.map { "  \($0.name.padded(to: width))  \($0.summary)" }
        return """
            tern: QUIC from a terminal

            Usage: tern COMMAND [OPTIONS]

            \(lines.joined(separator: "\n"))

            tern COMMAND --help explains one. Exit codes: 0 done, 1 failed, 2 not understood.
            """
    }
}
