internal import Glibc

/// Whole files of bytes, whatever they come from, and the names in a folder.
///
///     let bytes = try ByteFile.read("trace.sqlog", limit: 1 << 30)
///
/// Calls wait for the disk.
public enum ByteFile {
    /// Reads a file, or whatever else has a name and an end, of `limit` bytes at most.
    public static func read(_ path: String, limit: Int) throws(Errno) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        return try PrivateFile.read(descriptor, limit: limit)
    }

    /// Reads the input stream of this process to its end.
    public static func readInput(limit: Int) throws(Errno) -> [UInt8] {
        try PrivateFile.read(STDIN_FILENO, limit: limit)
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
