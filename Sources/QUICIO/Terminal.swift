internal import CLinuxUDP
internal import Glibc

/// The process's way to its terminal: what a command line needs of the system.
public enum Terminal {
    /// Whether somebody watches the error stream.
    public static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether somebody reads the output stream, rather than a program or a file.
    public static var showsOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// How many characters a line of the terminal holds; `COLUMNS` where there is none, and 80 where nothing says.
    public static var width: Int {
        let columns = max(tern_terminal_columns(STDOUT_FILENO), tern_terminal_columns(STDERR_FILENO))
        if columns > 0 { return Int(columns) }
        return ProcessEnvironment.value("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// Writes to the output stream at once.
    public static func write(_ text: String) {
        fflush(nil)
        self.write(text, to: STDOUT_FILENO)
    }

    /// Writes bytes, which need not be text, to the output stream at once.
    public static func write(_ bytes: [UInt8]) throws(Errno) {
        fflush(nil)
        try PrivateFile.write(bytes, to: STDOUT_FILENO)
    }

    /// Writes to the error stream at once.
    public static func writeError(_ text: String) { self.write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: CInt) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }

    /// Ends the process with an exit code.
    public static func exit(_ code: Int32) -> Never {
        fflush(nil)
        Glibc.exit(code)
    }

    /// Sends what was printed on its way, where it is held back because no terminal is there.
    public static func flush() { fflush(nil) }
}
