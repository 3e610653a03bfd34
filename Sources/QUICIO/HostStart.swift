internal import Glibc

/// Tells one run of the host from the next.
public enum HostStart {
    /// A value that is another one after each start of the host; nil where Linux does not tell, as without `/proc`.
    public static let identifier: [UInt8]? = Self.read("/proc/sys/kernel/random/boot_id")

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = try? PrivateFile.read(descriptor, limit: 64)
        return bytes?.isEmpty == false ? bytes : nil
    }
}
