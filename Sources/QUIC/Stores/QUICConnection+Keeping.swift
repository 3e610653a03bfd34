internal import QUICEngine

extension QUICConnection {
    /// A store may wait for a disk, which the loop must not.
    func keep(_ ticket: ResumptionTicket) {
        guard let store = self.context.sessions, let key = self.context.serverKey else {
            return self.publish(.ticketReceived(allowsEarlyData: ticket.allowsEarlyData))
        }
        Task.detached {
            store.store(ticket, for: key)
            self.eventBox.update { $0.append(.ticketReceived(allowsEarlyData: ticket.allowsEarlyData)) }
        }
    }

    func keep(token: [UInt8]) {
        guard let store = self.context.tokens, let key = self.context.serverKey else { return }
        Task.detached { store.store(token: token, for: key) }
    }
}
