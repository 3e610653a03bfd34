/// What a call on a non-blocking descriptor came to, where it did not fail.
enum SystemCallOutcome<Value> {
    /// The call did its work and returned this.
    case finished(Value)
    /// The descriptor is not ready: wait for it, then repeat the call (`EAGAIN`).
    case wouldBlock
}

extension SystemCallOutcome: Equatable where Value: Equatable {}
extension SystemCallOutcome: Sendable where Value: Sendable {}

/// Runs a call of the C library that returns a negative number on failure, and repeats it while signals interrupt it.
///
/// Not for `close`: Linux frees the descriptor before it reports `EINTR`, so that a second call could close a
/// descriptor that another thread has just opened.
@inline(__always)
func systemCall<Value: SignedInteger>(_ call: () -> Value) throws(Errno) -> SystemCallOutcome<Value> {
    while true {
        let value = call()
        if value >= 0 { return .finished(value) }
        switch Errno.last {
        case .interrupted: continue
        case .wouldBlock: return .wouldBlock
        case let error: throw error
        }
    }
}
