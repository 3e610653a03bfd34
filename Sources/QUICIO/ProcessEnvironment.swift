internal import Glibc

/// What the process was told by whoever started it.
public enum ProcessEnvironment {
    /// The value of a variable; nil where it is not set or empty.
    public static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}
