// `tern`: parses the command and hands over. Every command is a file of its own.

import QUICIO

Interruption.arm()
exitProcess(await CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
