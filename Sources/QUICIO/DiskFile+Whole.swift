internal import Glibc

// Files from their first byte to their last, and the names in a folder.

extension DiskFile {
    /// Reads a file, or whatever else has a name and an end, of `limit` bytes at most.
    ///
    ///     let trace = try DiskFile.contents(of: "trace.sqlog", limit: 1 << 30)
    public static func contents(of path: String, limit: Int) throws(Errno) -> [UInt8] {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        return try PrivateFile.read(descriptor, limit: limit)
    }

    /// Reads the input stream of this process to its end.
    public static func contentsOfInput(limit: Int) throws(Errno) -> [UInt8] {
        try PrivateFile.read(STDIN_FILENO, limit: limit)
    }

    /// Writes a new file, or over an old one. What is secret goes through ``PrivateFile`` instead.
    public static func write(_ text: String, to path: String) throws(Errno) {
        try DiskFile.create(path).write(Array(text.utf8), at: 0)
    }

    /// The names in a folder, in order, without those that begin with a dot.
    public static func names(in folder: String) throws(Errno) -> [String] {
        guard let stream = unsafe opendir(folder) else { throw Errno.last }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
