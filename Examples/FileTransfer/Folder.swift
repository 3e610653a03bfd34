import Glibc

/// A folder that nothing gets out of: every step down is taken without following a symbolic link.
///
/// To check a path first and to open it afterwards would leave time for somebody to put a link in between.
final class Folder: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        self.descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard self.descriptor >= 0 else { throw FileProblem(path) }
    }

    deinit { close(self.descriptor) }

    /// Opens a file to be read, if it is a plain one.
    func open(_ name: SafeName) throws -> PlainFile {
        try PlainFile(self.opened(name, O_RDONLY | O_NONBLOCK, makesFolders: false), name)
    }

    /// Makes a file, and the folders on the way.
    func create(_ name: SafeName) throws -> PlainFile {
        try PlainFile(self.opened(name, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, makesFolders: true), name)
    }

    private func opened(_ name: SafeName, _ flags: Int32, makesFolders: Bool) throws -> Int32 {
        var folder = dup(self.descriptor)
        defer { close(folder) }
        for part in name.parts.dropLast() {
            if makesFolders { mkdirat(folder, part, 0o755) }
            let next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw FileProblem(name.description) }
            close(folder)
            folder = next
        }
        let file = openat(folder, name.parts.last ?? "", flags | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileProblem(name.description) }
        return file
    }
}

/// An open file that is neither a folder nor a device nor a pipe.
final class PlainFile: Sendable {
    let size: Int
    private let descriptor: Int32
    private let name: SafeName

    init(_ descriptor: Int32, _ name: SafeName) throws {
        var about = stat()
        let isPlain = fstat(descriptor, &about) == 0 && about.st_mode & S_IFMT == S_IFREG
        self.descriptor = descriptor
        self.name = name
        self.size = Int(about.st_size)
        guard isPlain else { throw FileProblem(name.description, "is not a plain file") }
    }

    deinit { close(self.descriptor) }

    /// At most `count` of the next bytes; none at the end.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = Glibc.read(self.descriptor, &bytes, count)
        guard got >= 0 else { throw FileProblem(self.name.description) }
        return Array(bytes.prefix(got))
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw FileProblem(self.name.description) }
            rest = rest.dropFirst(count)
        }
    }
}

/// What the file system refused, and of which file.
struct FileProblem: Error, CustomStringConvertible {
    let description: String

    init(_ name: String, _ reason: String = String(cString: strerror(errno))) {
        self.description = "\(name): \(reason)"
    }
}
