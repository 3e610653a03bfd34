internal import CLinuxUDP
internal import Glibc

/// A thread of its own for one piece of work.
enum LoopThread {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread, and waits for as long as the host has none to give.
    static func start(name: String, _ run: @escaping @Sendable () -> Void) {
        while let error = self.tryStart(name: name, run) {
            // Of the possible errors only this one passes; the others mean arguments that are not used here.
            guard error == .wouldBlock else { return }
            usleep(10_000)
        }
    }

    /// Starts a thread, or tells why the host gives none.
    static func tryStart(name: String, _ run: @escaping @Sendable () -> Void) -> Errno? {
        let body = unsafe Unmanaged.passRetained(Body(name: name, run))
        let result = unsafe tern_thread_start(
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe tern_thread_name(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard result != 0 else { return nil }
        unsafe body.release()
        return Errno(result)
    }
}
