internal import QUICEngine

extension QUICConnection {
    /// A store may wait for a disk, which the loop must not.
    func keep(_ ticket: ResumptionTicket) {
        guard let store = self.context.sessions, let key = self.context.serverKey else {
            return self.tell(.ticketReceived(allowsEarlyData: ticket.allowsEarlyData))
        }
        // Memory does not wait, and a task of its own would wake another thread for each handshake.
        if let memory = store as? MemoryStore {
            memory.store(ticket, for: key)
            return self.tell(.ticketReceived(allowsEarlyData: ticket.allowsEarlyData))
        }
        Task.detached {
            store.store(ticket, for: key)
            self.eventBox.update { $0.append(.ticketReceived(allowsEarlyData: ticket.allowsEarlyData)) }
        }
    }

    func keep(token: [UInt8]) {
        guard let store = self.context.tokens, let key = self.context.serverKey else { return }
        if let memory = store as? MemoryStore { return memory.store(token: token, for: key) }
        Task.detached { store.store(token: token, for: key) }
    }
}
