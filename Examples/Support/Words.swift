import Foundation

/// The words behind a program's name.
package enum Words {
    /// All of them.
    package static let all = Array(CommandLine.arguments.dropFirst())

    /// The word at that place, or nil.
    package static func at(_ index: Int) -> String? { index < self.all.count ? self.all[index] : nil }

    /// The port at that place, or `standard` where there is none.
    package static func port(at index: Int, else standard: UInt16 = 4433) -> UInt16 {
        self.at(index).flatMap(UInt16.init) ?? standard
    }

    /// Says how the program is used, and ends it.
    package static func explain(_ usage: String) -> Never {
        print(usage)
        exit(self.all.first == "--help" ? 0 : 2)
    }
}

/// Prints a line at once, also where the output is not a terminal.
package func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
