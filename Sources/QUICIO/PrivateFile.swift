internal import Glibc

/// Whole files that only their owner may read: keys, tickets, tokens.
///
///     try PrivateFile.replace("keys", with: keys.bytes)
///     let contents = try PrivateFile.read("keys", limit: 4_096)
///
/// Calls wait for the disk.
public enum PrivateFile {
    /// What a file holds, and whether others could read it.
    public struct Contents: Equatable, Sendable {
        /// The bytes.
        public let bytes: [UInt8]
        /// Whether others had access until this call took it from them: what is secret may be known.
        public let wasExposed: Bool
    }

    /// Reads a file of `limit` bytes at most, and takes access to it from everybody but its owner.
    ///
    /// Throws `.permissionDenied` where it belongs to somebody else, who could have put there whatever they like.
    public static func read(_ path: String, limit: Int) throws(Errno) -> Contents {
        // Without O_NONBLOCK a named pipe would be waited for.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        let wasExposed = try Self.withdraw(descriptor)
        return Contents(bytes: try Self.read(descriptor, limit: limit), wasExposed: wasExposed)
    }

    /// Puts a file with these bytes in the place of the one that may be there. Whoever reads it at any time, even after
    /// a loss of power, finds either the old one or the new one whole.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(Errno) {
        let temporary = Self.temporaryName(for: path)
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Errno.last }
        do throws(Errno) {
            defer { close(descriptor) }
            try Self.write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw Errno.last }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        guard unsafe rename(temporary, path) == 0 else {
            let error = Errno.last
            unsafe unlink(temporary)
            throw error
        }
        Self.synchronizeFolder(of: path)
    }

    /// Takes access to an open file from everybody but its owner, who must be us. Returns whether others had it.
    static func withdraw(_ descriptor: Int32) throws(Errno) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Errno.last }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Errno.invalidArgument }
        guard status.st_uid == geteuid() else { throw Errno.permissionDenied }
        let wasExposed = status.st_mode & 0o077 != 0
        if wasExposed { guard fchmod(descriptor, 0o600) == 0 else { throw Errno.last } }
        return wasExposed
    }

    /// A name in the same folder that nobody else uses.
    static func temporaryName(for path: String) -> String {
        "\(path).\(getpid()).\(UInt64.random(in: .min ... .max))"
    }

    static func read(_ descriptor: Int32, limit: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            guard
                case .finished(let count) = try systemCall({
                    unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
                })
            else { throw Errno.wouldBlock }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw Errno.fileTooLarge }
            bytes += buffer.prefix(count)
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
        var offset = 0
        while offset < bytes.count {
            let start = offset
            guard
                case .finished(let count) = try systemCall({
                    unsafe bytes.withUnsafeBytes {
                        unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + start }, $0.count - start)
                    }
                }), count > 0
            else { throw Errno.inputOutput }
            offset += count
        }
    }

    /// Makes the new name last. Some file systems can't, and the file is whole either way.
    static func synchronizeFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        let descriptor = unsafe open(String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
