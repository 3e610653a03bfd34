internal import LibP2P

/// The error that something throws; nil where it throws none.
func failure(_ body: () async throws -> Void) async -> LibP2PError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? LibP2PError
    }
}
