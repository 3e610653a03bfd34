internal import Glibc

/// Whole files of text.
public enum TextFile {
    /// Writes `text` to a new file, or over an old one; a secret one only its owner may read.
    public static func write(_ text: String, to path: String, isSecret: Bool = false) throws(Errno) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isSecret ? 0o600 : 0o644)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Errno.last }
            bytes = bytes.dropFirst(written)
        }
    }
}
