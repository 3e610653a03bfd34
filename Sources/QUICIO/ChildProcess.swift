internal import Glibc
internal import Synchronization

/// Another process that runs this program, and what it prints.
///
///     let child = try ChildProcess.startThisProgram(["transfer", "serve", "--once"])
///     let greeting = child.readLine()
///     child.end()
///
/// It is ended when the last reference goes.
public final class ChildProcess: Sendable {
    private struct State {
        /// nil: it was ended and waited for.
        var identifier: pid_t?
        var unread: [UInt8] = []
    }

    private let output: Int32
    private let state: Mutex<State>

    private init(identifier: pid_t, output: Int32) {
        self.output = output
        self.state = Mutex(State(identifier: identifier))
    }

    deinit {
        self.end()
        close(self.output)
    }

    /// Starts this program once more with other arguments. Its errors go where ours go.
    public static func startThisProgram(_ arguments: [String]) throws(Errno) -> ChildProcess {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Errno.last }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)

        // strdup rather than nested scopes: the array ends with a null.
        var words: [UnsafeMutablePointer<CChar>?] = unsafe (["tern"] + arguments).map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var identifier: pid_t = 0
        let result = unsafe posix_spawn(&identifier, "/proc/self/exe", &actions, nil, &words, environ)
        guard result == 0 else {
            close(ends[0])
            throw Errno(result)
        }
        return ChildProcess(identifier: identifier, output: ends[0])
    }

    /// Waits for the next line that it prints; nil: it prints no more.
    public func readLine() -> String? {
        self.state.withLock { state in
            while true {
                if let end = state.unread.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { state.unread.removeSubrange(...end) }
                    return String(decoding: state.unread[..<end], as: UTF8.self)
                }
                var piece = [UInt8](repeating: 0, count: 4_096)
                let count = unsafe read(self.output, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return nil }
                state.unread += piece[..<count]
            }
        }
    }

    /// Ends it, where it has not ended itself, and waits until it is gone.
    public func end() {
        let identifier = self.state.withLock { state -> pid_t? in
            defer { state.identifier = nil }
            return state.identifier
        }
        guard let identifier else { return }
        kill(identifier, SIGTERM)
        while waitpid(identifier, nil, 0) < 0, errno == EINTR {}
    }
}
