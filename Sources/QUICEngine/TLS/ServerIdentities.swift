internal import Synchronization

/// The identities of a server, chosen by the name that the client asks for.
///
/// Replacing them affects handshakes that start afterwards; live connections keep what they started with.
///
///     let identities = ServerIdentities(default: main, others: [shop])
///     // … when the certificates were renewed:
///     identities.replace(default: renewed, others: [shop])
public final class ServerIdentities: Sendable {
    private struct State {
        var standard: TLSIdentity
        var others: [TLSIdentity]
        var refusesUnknownNames: Bool
    }

    private let state: Mutex<State>

    /// Creates a set. Clients that ask for no name, or for one that no certificate has, are shown `default`,
    /// unless `refusesUnknownNames` turns the latter away with the alert unrecognized_name.
    public init(default standard: TLSIdentity, others: [TLSIdentity] = [], refusesUnknownNames: Bool = false) {
        self.state = Mutex(State(standard: standard, others: others, refusesUnknownNames: refusesUnknownNames))
    }

    /// Takes other identities into use.
    public func replace(default standard: TLSIdentity, others: [TLSIdentity] = []) {
        self.state.withLock { state in
            state.standard = standard
            state.others = others
        }
    }

    /// The identity for handshakes that name nobody.
    var standard: TLSIdentity { self.state.withLock { $0.standard } }

    /// The identity for `name`; nil where unknown names are refused.
    func select(_ name: String) -> TLSIdentity? {
        let (candidates, standard, refuses) = self.state.withLock {
            ([$0.standard] + $0.others, $0.standard, $0.refusesUnknownNames)
        }
        if let match = candidates.first(where: { $0.isFor(name) }) { return match }
        return refuses ? nil : standard
    }
}
