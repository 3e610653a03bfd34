internal import Glibc

/// A file that gets its name only once it is whole, and never in the place of another one: for what strangers send.
///
///     let file = try NewFile(in: "inbox")
///     try file.write(bytes, at: 0)
///     try file.keep(as: "song.ogg")
///
/// Until it is kept its name begins with a dot, and it goes with its last reference. Calls wait for the disk.
public final class NewFile: Sendable {
    private let folder: Int32
    private let temporary: String
    private let file: DiskFile

    /// Makes an empty file in a folder.
    public init(in folder: String) throws(Errno) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno.last }
        let name = ".\(getpid()).\(UInt64.random(in: .min ... .max)).part"
        let file = unsafe openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else {
            let error = Errno.last
            close(descriptor)
            throw error
        }
        self.folder = descriptor
        self.temporary = name
        self.file = DiskFile(file)
    }

    deinit {
        _ = unsafe unlinkat(self.folder, self.temporary, 0)
        close(self.folder)
    }

    /// Whether a file may be kept under this name: it is one step below the folder, is not hidden, and holds nothing that
    /// could be read in two ways or that moves the cursor of a terminal.
    public static func allows(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.first != UInt8(ascii: ".") && name.utf8.count <= 255
            && name.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0 != "/" && $0 != "\\" && $0 != "\u{FFFD}"
            }
    }

    /// Writes all of the bytes there.
    public func write(_ bytes: [UInt8], at offset: UInt64) throws(Errno) { try self.file.write(bytes, at: offset) }

    /// Gives the file its name. Throws ``Errno/fileExists`` where something has that name, and ``Errno/invalidArgument``
    /// where ``allows(_:)`` says no.
    public func keep(as name: String) throws(Errno) {
        guard Self.allows(name) else { throw .invalidArgument }
        // A link, unlike a change of the name, takes no other file's place.
        guard unsafe linkat(self.folder, self.temporary, self.folder, name, 0) == 0 else { throw Errno.last }
    }
}
