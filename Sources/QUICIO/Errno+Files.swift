internal import Glibc

/// The numbers that files, pipes and TCP report.
extension Errno {
    /// `ENOENT`: there is no such file, or no such folder.
    public static var noSuchFile: Errno { Errno(ENOENT) }
    /// `EEXIST`: there is such a file.
    public static var fileExists: Errno { Errno(EEXIST) }
    /// `EFBIG`: the file is larger than the caller wants to read.
    public static var fileTooLarge: Errno { Errno(EFBIG) }
    /// `EISDIR`: it is a folder.
    public static var isFolder: Errno { Errno(EISDIR) }
    /// `EPIPE`: nobody reads the other end any more.
    public static var brokenPipe: Errno { Errno(EPIPE) }
    /// `ETIMEDOUT`: nobody answered in time.
    public static var timedOut: Errno { Errno(ETIMEDOUT) }
}
