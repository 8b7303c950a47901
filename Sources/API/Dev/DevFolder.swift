import Glibc
import Platform
import Tenancy

/// The folder in which `rookery dev` keeps what must outlive it: the database, the master key and the name of its
/// node. Held by one process at a time.
struct DevFolder: Sendable {
    struct InUse: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) is in use by another rookery dev; stop it, or pass --data-dir" }
    }

    let path: String

    /// Makes the folder and takes its lock, which lasts as long as the process.
    init(path: String) throws {
        self.path = path
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError.last("mkdir \(path)") }
        let lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw SystemError.last("open \(path)/lock") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw InUse(path: path)
        }
    }

    var database: String { path + "/postgres" }

    /// The key that seals secrets here, made at the first start.
    func masterKey() throws -> String {
        let file = path + "/master.key"
        if let key = try? FileText.read(file), !key.isEmpty { return key }
        let key = Base64.encode(Random.bytes(32))
        try FileText.replace(file, key, mode: 0o600)
        return key
    }

    /// The same at each start: after a kill -9 the leases of the life before are ours, and need not run out.
    func node() throws -> ID<Node> {
        let file = path + "/node"
        if let text = try? FileText.read(file), let node = ID<Node>(text) { return node }
        let node = ID<Node>()
        try FileText.replace(file, "\(node)")
        return node
    }
}
