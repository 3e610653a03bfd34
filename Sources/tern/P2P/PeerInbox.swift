import LibP2P
import QUICIO

/// Takes the files that peers send into a folder. Neither the name nor the size that a peer gives is trusted.
struct PeerInbox: Sendable {
    /// nil: no files are taken.
    let folder: String?
    /// The largest file that is taken.
    let limit: UInt64

    /// What became of a file.
    struct Receipt: Sendable {
        let name: String
        let bytes: UInt64
        let time: Duration
    }

    /// Takes one file. Where it throws a ``PeerFileProtocol/Refusal``, the peer has been told.
    func take(from stream: LibP2PStream) async throws -> Receipt {
        do {
            let (announcement, rest) = try await PeerFileProtocol.readAnnouncement(stream)
            return try await self.take(announcement, rest, from: stream)
        } catch let refusal as PeerFileProtocol.Refusal {
            stream.reset(StreamCode(rawValue: refusal.rawValue))
            throw refusal
        }
    }

    private func take(
        _ announcement: PeerFileProtocol.Announcement, _ rest: [UInt8], from stream: LibP2PStream
    ) async throws -> Receipt {
        let begun = MonotonicClock.now()
        guard let folder else { throw PeerFileProtocol.Refusal.notWanted }
        guard NewFile.allows(announcement.name) else { throw PeerFileProtocol.Refusal.badName }
        guard announcement.size <= self.limit else { throw PeerFileProtocol.Refusal.tooLarge }
        guard !DiskFile.exists("\(folder)/\(announcement.name)") else { throw PeerFileProtocol.Refusal.nameTaken }
        do {
            let file = try NewFile(in: folder)
            try await self.receive(announcement.size, rest, from: stream, into: file)
            try file.keep(as: announcement.name)
        } catch Errno.fileExists {
            throw PeerFileProtocol.Refusal.nameTaken
        } catch is Errno {
            throw PeerFileProtocol.Refusal.failed
        }
        return Receipt(
            name: announcement.name, bytes: announcement.size, time: MonotonicClock.elapsed(since: begun))
    }

    /// Receives exactly so many bytes; what follows is not read.
    private func receive(
        _ size: UInt64, _ rest: [UInt8], from stream: LibP2PStream, into file: NewFile
    ) async throws {
        var bytes = Array(rest.prefix(Int(clamping: size)))
        var offset: UInt64 = 0
        while true {
            try file.write(bytes, at: offset)
            offset += UInt64(bytes.count)
            guard offset < size else { return }
            let room = Int(clamping: min(size - offset, UInt64(PeerFileProtocol.chunkSize)))
            guard let next = try await stream.read(maximum: room) else { throw PeerFileProtocol.Refusal.badRequest }
            bytes = next
        }
    }
}
