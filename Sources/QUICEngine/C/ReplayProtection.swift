/// Guards a server that accepts 0-RTT against replays (RFC 8446 §8). One for all its connections.
///
/// Two things are checked: that the client's and the server's idea of a ticket's age differ by no more than the window,
/// and that the memory has not seen the same ClientHello within it. Tickets from before this object was made are refused
/// (a round trip is lost, nothing else), because nobody knows what was replayed before: so are, after a restart, the ones
/// that the process before gave out, unless the memory outlives the process and you say so.
///
///     let memory = try FileReplayMemory(path: "\(stateFolder)/replays")
///     let protection = try ReplayProtection(memory: memory, memorySurvivesRestart: true)
public final class ReplayProtection: Sendable {
    /// How far apart the two ends' ideas of a ticket's age may be, and how long an attempt is remembered.
    public let window: Duration
    /// Whether tickets from before this object was made are accepted, because the memory knows what came with them.
    public let memorySurvivesRestart: Bool

    private let storage: ReplayStorage
    private let first: ReplayWindow

    /// Uses `memory`; a fleet must give all its servers the same one.
    ///
    /// GnuTLS forgets all older tickets whenever an attempt comes in more than a window after it last did so: a short
    /// window would refuse nearly everybody on a busy server. The default is how long its tickets live. A longer one
    /// gains nothing, a shorter one needs less memory. It is brought to between a second and a week.
    ///
    /// With `memorySurvivesRestart`, tickets are accepted for 0-RTT until they are a window old, whenever this object
    /// was made. You vouch that `memory` knows every attempt of the last window, those before the restart included. If
    /// it does not, an attacker who copied one can have it carried out a second time. Throws
    /// `EngineError.Code.unsupportedByLibrary` where the installed GnuTLS can't do it.
    public init(
        memory: any ReplayMemory = ProcessReplayMemory(), window: Duration = .seconds(6 * 3_600),
        memorySurvivesRestart: Bool = false
    ) throws(EngineError) {
        let seconds = min(max(window.components.seconds, 1), 7 * 86_400)
        self.window = .seconds(seconds)
        self.memorySurvivesRestart = memorySurvivesRestart
        self.storage = ReplayStorage(memory, window: seconds)
        self.first = try ReplayWindow(self.storage, memorySurvivesRestart: memorySurvivesRestart)
        guard self.first.acceptsOlderTickets || !memorySurvivesRestart else { throw Self.unsupported }
    }

    /// What a session is to use. Where older tickets count, each has its own, so that GnuTLS never forgets them all.
    func sessionWindow() throws(EngineError) -> ReplayWindow {
        guard self.memorySurvivesRestart else { return self.first }
        return try ReplayWindow(self.storage, memorySurvivesRestart: true)
    }

    private static var unsupported: EngineError {
        EngineError(
            .unsupportedByLibrary,
            "GnuTLS \(EngineLibrary.gnutlsVersion), as it is linked here, can't accept 0-RTT with tickets from before a restart: leave memorySurvivesRestart off, or link a libgnutls.so that exports _gnutls_global_set_gettime_function"
        )
    }
}
