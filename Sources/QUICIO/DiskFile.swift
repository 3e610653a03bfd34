internal import Glibc

/// An open file: what a file server sends, and what a download goes into. Calls wait for the disk.
///
///     let file = try DiskFile.open("song", beneath: "music")
///     let start = try file.read(65_536, at: 0)
public final class DiskFile: Sendable {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(self.descriptor) }

    /// Opens a file to be read.
    public static func open(_ path: String) throws(Errno) -> DiskFile {
        try self.regular(unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    }

    /// Opens a file to be read by a name that a stranger chose. The name can't lead out of `folder`: it is walked step by
    /// step, `..` is no step, and symbolic links are not followed.
    public static func open(_ name: String, beneath folder: String) throws(Errno) -> DiskFile {
        var current = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard current >= 0 else { throw Errno.last }
        defer { close(current) }
        let steps = name.split(separator: "/").map(String.init)
        guard let last = steps.last, !steps.contains(where: { $0 == "." || $0 == ".." || $0.utf8.contains(0) }) else {
            throw .noSuchFile
        }
        for step in steps.dropLast() {
            let next = unsafe openat(current, step, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard next >= 0 else { throw Errno.last }
            close(current)
            current = next
        }
        return try self.regular(unsafe openat(current, last, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW))
    }

    /// Opens a file to be written, and makes it where there is none.
    public static func create(_ path: String, keepingContents: Bool = false) throws(Errno) -> DiskFile {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | (keepingContents ? 0 : O_TRUNC)
        return try self.regular(unsafe Glibc.open(path, flags, 0o644))
    }

    /// How many bytes it has.
    public var size: UInt64 {
        var status = stat()
        return unsafe fstat(self.descriptor, &status) == 0 ? UInt64(max(status.st_size, 0)) : 0
    }

    /// So many bytes from there on; fewer only at the end.
    public func read(_ count: Int, at offset: UInt64) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
            while filled < buffer.count {
                let position = off_t(clamping: offset) + off_t(filled)
                let read = unsafe pread(
                    self.descriptor, buffer.baseAddress.map { unsafe $0 + filled }, buffer.count - filled, position)
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = Errno.last }
                guard read > 0 else { return }
                filled += read
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes all of the bytes there.
    public func write(_ bytes: [UInt8], at offset: UInt64) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let start = written
            let count = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(
                    self.descriptor, $0.baseAddress.map { unsafe $0 + start }, $0.count - start,
                    off_t(clamping: offset) + off_t(start))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw count < 0 ? Errno.last : Errno.inputOutput }
            written += count
        }
    }

    /// Puts the file in the place of another one.
    public static func rename(_ path: String, to name: String) throws(Errno) {
        if unsafe Glibc.rename(path, name) != 0 { throw Errno.last }
    }

    /// Makes a folder, unless it is there.
    public static func createFolder(_ path: String) throws(Errno) {
        if unsafe mkdir(path, 0o755) != 0, errno != EEXIST { throw Errno.last }
    }

    /// Whether there is a folder of that name.
    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether anything has that name, and be it a link to nowhere.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// The size of the file of that name; nil where there is none.
    public static func size(of path: String) -> UInt64? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(max(status.st_size, 0))
    }

    /// Anything but a file would wait for somebody, or never end.
    private static func regular(_ descriptor: Int32) throws(Errno) -> DiskFile {
        guard descriptor >= 0 else { throw Errno.last }
        let file = DiskFile(descriptor)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Errno.last }
        if status.st_mode & S_IFMT == S_IFDIR { throw Errno.isFolder }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Errno.invalidArgument }
        return file
    }
}
