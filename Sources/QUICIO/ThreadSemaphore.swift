internal import Glibc

/// Makes a thread wait for another one. Never for a task to wait on: it would hold up all that share its thread.
@safe final class ThreadSemaphore: @unchecked Sendable {
    // The system's own, which any thread may use; it lives as long as this object.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init(_ count: UInt32) {
        unsafe self.semaphore = .allocate(capacity: 1)
        _ = unsafe sem_init(self.semaphore, 0, count)
    }

    deinit {
        unsafe sem_destroy(self.semaphore)
        unsafe self.semaphore.deallocate()
    }

    func signal() { _ = unsafe sem_post(self.semaphore) }

    func wait() { while unsafe sem_wait(self.semaphore) != 0, errno == EINTR {} }
}
