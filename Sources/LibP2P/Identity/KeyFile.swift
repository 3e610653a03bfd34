internal import QUICIO

/// A host's private key in a file that only its owner may read.
///
///     let key = try KeyFile.loadOrCreate("\(stateFolder)/identity.key")
///     print("I am \(key.peerID), as last time")
///
/// The file holds the protobuf message `PrivateKey` and nothing else, as other implementations write it. Calls wait for
/// the disk.
public enum KeyFile {
    /// Reads a key. A file that others may read or write is refused: its key may be known to them, or be theirs.
    public static func load(_ path: String) throws(LibP2PError) -> PrivateKey {
        guard let key = try self.find(path) else {
            throw LibP2PError(.systemFailed, "there is no key file \(path)")
        }
        return key
    }

    /// Writes a key in the place of the file that may be there. Whoever reads it finds the old one or the new one whole.
    public static func save(_ key: PrivateKey, to path: String) throws(LibP2PError) {
        do throws(Errno) { try PrivateFile.replace(path, with: key.encoded) } catch {
            throw self.problem(error, path)
        }
    }

    /// Reads a key; where there is no file, makes a key of this type and writes it. Of several processes that do so at
    /// once, all get the same key.
    public static func loadOrCreate(
        _ path: String, type: PublicKeyMessage.KeyType = .ed25519
    ) throws(LibP2PError) -> PrivateKey {
        if let key = try self.find(path) { return key }
        let key = try PrivateKey.generate(type)
        do throws(Errno) { try PrivateFile.create(path, with: key.encoded) } catch .fileExists {
            return try self.load(path)
        } catch {
            throw self.problem(error, path)
        }
        return key
    }

    /// nil: there is no such file.
    private static func find(_ path: String) throws(LibP2PError) -> PrivateKey? {
        let contents: PrivateFile.Contents
        do throws(Errno) {
            contents = try PrivateFile.inspect(path, limit: PrivateKeyMessage.maximumByteCount)
        } catch .noSuchFile {
            return nil
        } catch {
            throw self.problem(error, path)
        }
        guard !contents.wasExposed else {
            throw LibP2PError(
                .invalidConfiguration,
                "other users have access to the key file \(path). If none of them can have used it, take it from them "
                    + "(chmod 600); otherwise delete the file, and the host gets a new identity")
        }
        do { return try PrivateKey(decoding: contents.bytes) } catch {
            throw LibP2PError(error.code, "\(path) holds no private key of libp2p: \(error.description)")
        }
    }

    private static func problem(_ error: Errno, _ path: String) -> LibP2PError {
        switch error {
        case .permissionDenied:
            LibP2PError(.systemFailed, "the key file \(path) belongs to somebody else, or its folder can't be used")
        case .fileTooLarge: LibP2PError(.tooLong, "\(path) is too large for a private key of libp2p")
        default: LibP2PError(.systemFailed, "the key file \(path) can't be used: \(error)")
        }
    }
}
