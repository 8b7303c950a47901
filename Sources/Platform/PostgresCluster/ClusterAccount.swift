import Glibc

/// The user that a private PostgreSQL runs as: ourselves, or an unprivileged one when we are root.
struct ClusterAccount: Sendable {
    let user: uid_t
    let group: gid_t
    /// What to put before a command so that it runs as this user.
    let prefix: [String]

    static func current() throws -> ClusterAccount {
        guard geteuid() == 0 else { return ClusterAccount(user: geteuid(), group: getegid(), prefix: []) }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name)?.pointee, entry.pw_uid != 0 else { continue }
            return ClusterAccount(
                user: entry.pw_uid, group: entry.pw_gid,
                prefix: ["setpriv", "--reuid=\(entry.pw_uid)", "--regid=\(entry.pw_gid)", "--clear-groups", "--"])
        }
        throw PostgresClusterError.noUnprivilegedUser
    }

    /// Whether this user gets through all folders on the way to `folder`. Blocks.
    func canEnter(_ folder: String) throws -> Bool {
        try ChildProcess.run(prefix + ["test", "-x", folder]).status == 0
    }
}
