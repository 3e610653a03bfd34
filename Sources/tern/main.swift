// `tern`: parses the command and hands over. Every command is a file of its own.

exitProcess(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
