internal import Glibc

/// A file that grows at its end, that only its owner may read, and that one process at a time has open.
///
///     var log = try PrivateLog("attempts")
///     let contents = try log.read(limit: 4_096)
///     try log.append([1, 2, 3])
///
/// Nothing waits for the disk: what was appended outlives the process, but perhaps not the host.
public struct PrivateLog: ~Copyable, Sendable {
    private let path: String
    private var descriptor: Int32

    /// Opens the file, or makes an empty one.
    ///
    /// Throws `.wouldBlock` where somebody has it open, and `.permissionDenied` where it belongs to somebody else.
    public init(_ path: String) throws(Errno) {
        self.path = path
        self.descriptor = try Self.open(path)
    }

    deinit { close(self.descriptor) }

    /// Reads all of a file of `limit` bytes at most, and takes access to it from everybody but its owner.
    public func read(limit: Int) throws(Errno) -> PrivateFile.Contents {
        guard lseek(self.descriptor, 0, SEEK_SET) == 0 else { throw Errno.last }
        let wasExposed = try PrivateFile.withdraw(self.descriptor)
        return PrivateFile.Contents(
            bytes: try PrivateFile.read(self.descriptor, limit: limit), wasExposed: wasExposed)
    }

    /// Adds bytes at the end. Where it throws, a part of them may be there: ``replace(with:)`` comes next, or nothing.
    public func append(_ bytes: [UInt8]) throws(Errno) { try PrivateFile.write(bytes, to: self.descriptor) }

    /// Puts a file with these bytes in the place of this one. Where it throws, this one is what it was.
    public mutating func replace(with bytes: [UInt8]) throws(Errno) {
        let temporary = PrivateFile.temporaryName(for: self.path)
        let descriptor = unsafe Glibc.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Errno.last }
        do throws(Errno) {
            // Before it has the name by which others find it.
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Errno.last }
            try PrivateFile.write(bytes, to: descriptor)
            guard unsafe rename(temporary, self.path) == 0 else { throw Errno.last }
        } catch {
            unsafe unlink(temporary)
            close(descriptor)
            throw error
        }
        close(self.descriptor)
        self.descriptor = descriptor
    }

    private static func open(_ path: String) throws(Errno) -> Int32 {
        while true {
            // Without O_NONBLOCK a named pipe would be waited for.
            let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else { throw Errno.last }
            do throws(Errno) {
                guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Errno.last }
                if try Self.isFile(descriptor, at: path) { return descriptor }
            } catch {
                close(descriptor)
                throw error
            }
            // Whoever had it has put another one in its place: that one counts.
            close(descriptor)
        }
    }

    private static func isFile(_ descriptor: Int32, at path: String) throws(Errno) -> Bool {
        var opened = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &opened) == 0 else { throw Errno.last }
        guard unsafe stat(path, &named) == 0 else {
            guard Errno.last == .noSuchFile else { throw Errno.last }
            return false
        }
        return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
    }
}
