internal import Glibc

/// For files whose access is for a person to decide.
extension PrivateFile {
    /// Reads a file of `limit` bytes at most, and leaves access to it as it is: `wasExposed` tells whether others have it.
    ///
    /// Throws `.permissionDenied` where it belongs to somebody else.
    package static func inspect(_ path: String, limit: Int) throws(Errno) -> Contents {
        // Without O_NONBLOCK a named pipe would be waited for.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Errno.last }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw Errno.isFolder }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Errno.invalidArgument }
        guard status.st_uid == geteuid() else { throw Errno.permissionDenied }
        return Contents(
            bytes: try Self.read(descriptor, limit: limit), wasExposed: status.st_mode & 0o077 != 0)
    }

    /// Makes a file with these bytes where there is none: nobody ever finds a part of it. Throws `.fileExists` where
    /// somebody was faster.
    package static func create(_ path: String, with bytes: [UInt8]) throws(Errno) {
        let temporary = Self.temporaryName(for: path)
        try Self.replace(temporary, with: bytes)
        defer { unsafe unlink(temporary) }
        // Unlike a rename, a second name is not given to what already has one.
        guard unsafe link(temporary, path) == 0 else { throw Errno.last }
        Self.synchronizeFolder(of: path)
    }
}
