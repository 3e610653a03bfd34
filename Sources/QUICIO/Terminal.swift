internal import CLinuxUDP
internal import Glibc

/// The process's way to its terminal: what a command line needs of the system.
public enum Terminal {
    /// Whether somebody watches the error stream.
    public static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes to the error stream at once.
    public static func writeError(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }

    /// Ends the process with an exit code.
    public static func exit(_ code: Int32) -> Never {
        fflush(nil)
        Glibc.exit(code)
    }
}
