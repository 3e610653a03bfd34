internal import Glibc

/// An error number of the operating system, with its message.
///
///     do throws(Errno) {
///         try open()
///     } catch .addressInUse {
///         print("the port is taken")
///     } catch {
///         print(error)  // Permission denied (errno 13)
///     }
public struct Errno: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The number as the C library reports it.
    public let rawValue: Int32

    /// Wraps a number that the operating system reported.
    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// The number that the last failed call on this thread left behind.
    static var last: Errno { Errno(errno) }

    /// The system's own words followed by the number.
    public var description: String { "\(self.message) (errno \(self.rawValue))" }

    /// The system's own words alone.
    public var message: String {
        // Not `strerror`: its buffer is shared by all threads.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            unsafe buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, unsafe strerror_r(self.rawValue, start, buffer.count) == 0 else {
                return "Unknown error"
            }
            return unsafe String(cString: start)
        }
    }

    /// Compares the numbers, so that a `catch` clause can name one.
    public static func ~= (pattern: Errno, error: any Error) -> Bool { (error as? Errno) == pattern }
}
