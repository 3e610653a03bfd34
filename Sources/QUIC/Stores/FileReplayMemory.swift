public import QUICEngine
internal import QUICIO
internal import Synchronization

/// A replay memory in a file, so that 0-RTT is accepted and guarded across a restart of the process.
///
///     let memory = try FileReplayMemory(path: "\(stateFolder)/replays") { print("warning: \($0)") }
///     let protection = try ReplayProtection(memory: memory, memorySurvivesRestart: true)
///
/// Only its owner may read the file, and one process at a time has it open. An attempt is written before it is accepted,
/// but nothing waits for the disk: what is remembered survives the end of the process, however it ends, and not the end
/// of the host. So tickets from before a start of the host are refused 0-RTT, like those from before the file was made,
/// and from before a start that found it damaged. It is bounded: when it is full, or can't be written, 0-RTT is refused.
public final class FileReplayMemory: ReplayMemory {
    private struct State: ~Copyable {
        var table: ReplayTable
        var log: PrivateLog
        /// How many entries the file has, with those that are over.
        var records: Int
        /// The end of the file may be half an entry.
        var isBroken = false
        /// Who fills the disk must not make everybody write the file.
        var rewrittenAt: Int64 = .min
    }

    /// The file.
    public let path: String
    /// How many attempts are remembered.
    public let capacity: Int
    /// From which second since 1970 on the file has every attempt.
    public let completeSince: Int64
    private let hostStart: [UInt8]?
    private let state: Mutex<State>
    private let warn: @Sendable (String) -> Void

    /// Reads the file, or makes one, for `capacity` attempts, a million at most.
    ///
    /// Each takes some fifty bytes of the file, which may hold twice as many, and a hundred of memory. Throws where the
    /// file can't be read or written, and where another process, or this one, has it open.
    public convenience init(
        path: String, capacity: Int = 262_144, onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(QUICError) {
        try self.init(
            path: path, capacity: capacity, onWarning: onWarning, now: WallClock.seconds(),
            hostStart: HostStart.identifier)
    }

    init(
        path: String, capacity: Int, onWarning: @escaping @Sendable (String) -> Void, now: Int64, hostStart: [UInt8]?
    ) throws(QUICError) {
        self.path = path
        self.capacity = min(max(capacity, 1), 1 << 20)
        self.warn = onWarning
        do throws(Errno) {
            var log = try PrivateLog(path)
            let contents = try log.read(limit: Self.maximumFileSize)
            var known = ReplayRecords(contents.bytes, hostStart: hostStart, now: now)
            if known.isDamaged {
                onWarning("\(path) is damaged or from another release: 0-RTT with tickets from before now is refused")
            }
            if contents.wasExposed {
                onWarning("\(path) could be read by other users and no longer can; if they could write it, delete it")
            }
            known.expiries = known.expiries.filter { $0.value > now }
            try log.replace(with: known.fileBytes(hostStart: hostStart))
            self.completeSince = known.completeSince
            self.state = Mutex(
                State(
                    table: ReplayTable(capacity: self.capacity, expiries: known.expiries), log: log,
                    records: known.expiries.count))
            self.hostStart = hostStart
        } catch .wouldBlock {
            throw QUICError(
                .invalidConfiguration,
                "\(path) is open already: give each server process a file of its own, or stop the one that has it")
        } catch {
            throw QUICError(
                .invalidConfiguration,
                "\(path) can't be used to remember 0-RTT attempts: \(error); name a file in a folder that can be written"
            )
        }
    }

    /// Stores `key`, or returns false if it is known, if there is no room, or if the file can't be written.
    public func insert(_ key: [UInt8], now: Int64, expiry: Int64) -> Bool {
        guard key.count <= ReplayRecords.maximumKeyLength else { return false }
        let (isNew, failure): (Bool, Errno?) = self.state.withLock { state in
            // Remembered even where writing fails: the attempt is refused, and its copy may as well be.
            guard state.table.insert(key, now: now, expiry: expiry) else { return (false, nil) }
            return self.write(key, now, expiry, &state)
        }
        if let failure {
            self.warn("\(self.path) can't be written, 0-RTT is refused until it can: \(failure)")
        }
        return isNew
    }

    /// The lock is held, so that the file has all that was accepted.
    private func write(_ key: [UInt8], _ now: Int64, _ expiry: Int64, _ state: inout State) -> (Bool, Errno?) {
        let wasBroken = state.isBroken
        do throws(Errno) {
            if wasBroken || state.records >= 2 * self.capacity {
                guard now > state.rewrittenAt else { return (false, nil) }
                state.rewrittenAt = now
                state.table.sweep(now)
                let records = ReplayRecords(completeSince: self.completeSince, expiries: state.table.expiries)
                try state.log.replace(with: records.fileBytes(hostStart: self.hostStart))
                state.records = records.expiries.count
            } else {
                var record: [UInt8] = []
                ReplayRecords.append(key, expiry, to: &record)
                try state.log.append(record)
                state.records += 1
            }
            state.isBroken = false
            return (true, nil)
        } catch {
            state.isBroken = true
            return (false, wasBroken ? nil : error)
        }
    }

    private static let maximumFileSize = 1 << 30
}
