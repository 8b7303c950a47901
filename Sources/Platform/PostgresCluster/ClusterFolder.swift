import Glibc

/// The files of a private cluster: the data, and beside it the port, the password and the log. Blocks.
struct ClusterFolder: Sendable {
    let path: String
    let account: ClusterAccount

    var data: String { path + "/data" }
    var log: String { path + "/log/postgres.log" }
    private var passwordFile: String { path + "/password" }
    private var portFile: String { path + "/port" }
    private static let noteName = "/elsewhere"
    private var note: String { path + Self.noteName }

    /// Makes the folder at `wanted`, or elsewhere when the cluster's user cannot get there (a clone under /root).
    /// - Parameter others: where such a folder is made.
    static func prepare(
        _ wanted: String, account: ClusterAccount, logger: Logger, others: String = "/var/lib/rookery"
    ) throws -> ClusterFolder {
        if access(wanted, F_OK) != 0 { try makeNoted(wanted) }
        guard let resolved = realpath(wanted, nil) else { throw SystemError.last("realpath \(wanted)") }
        defer { free(resolved) }
        let path = String(cString: resolved)
        let folder = ClusterFolder(path: path, account: account)
        if try account.canEnter(path), folder.ownLog() { return folder }
        let other = try folder.elsewhere(in: others)
        logger.info(
            "PostgreSQL's user cannot reach the folder; its data is elsewhere",
            ["folder": path, "data": other])
        try makeFolders(other)
        let elsewhere = ClusterFolder(path: other, account: account)
        _ = elsewhere.ownLog()
        return elsewhere
    }

    /// The place goes by the folder's path, so that a copy of the folder gets its own, and is noted in the folder. A
    /// folder made anew has an empty note, a copy that of where it was: they do not come upon the data of one that was
    /// there before, which their keys do not open. One without a note is of a version that noted nothing.
    private func elsewhere(in others: String) throws -> String {
        let usual = others + "/" + SHA256.hex(path.utf8).prefix(16)
        let noted = (try? FileText.read(note)).map { String($0.prefix { !$0.isNewline }) }
        if let noted, noted.hasPrefix(usual) { return noted }
        let isTaken = noted != nil && access(usual, F_OK) == 0
        let place = isTaken ? usual + "-" + String(UInt32.random(in: .min ... .max), radix: 36) : usual
        let draft = note + ".new"
        try FileText.replace(draft, place + "\n")
        guard rename(draft, note) == 0 else { throw SystemError.last("rename \(draft)") }
        return place
    }

    /// With its empty note in it from the first moment, so that it is known as new after a start that was cut short.
    private static func makeNoted(_ path: String) throws {
        let draft = path + ".new"
        try makeFolders(draft)
        try FileText.replace(draft + noteName, "")
        guard rename(draft, path) == 0 else { throw SystemError.last("rename \(draft)") }
    }

    private func ownLog() -> Bool {
        let folder = path + "/log"
        guard mkdir(folder, 0o750) == 0 || errno == EEXIST else { return false }
        return account.prefix.isEmpty || chown(folder, account.user, account.group) == 0
    }

    private static func makeFolders(_ path: String) throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST || errno == EISDIR else {
                throw SystemError.last("mkdir \(made)")
            }
        }
    }

    /// The major version of the data; nil when there is none yet.
    var dataVersion: Int? {
        guard let text = try? FileText.read(data + "/PG_VERSION") else { return nil }
        return Int(text.filter(\.isNumber))
    }

    /// Makes the data when there is none. What an interrupted attempt left is removed.
    func initialize(_ programs: PostgresPrograms) throws {
        guard dataVersion == nil else { return }
        let draft = data + ".new"
        _ = try ChildProcess.run(["rm", "-rf", "--", draft])
        let secret = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
        try FileText.replace(passwordFile, secret, mode: 0o600)
        guard mkdir(draft, 0o700) == 0, chown(draft, account.user, account.group) == 0 else {
            throw SystemError.last("making \(draft)")
        }
        let passwordCopy = draft + ".password"
        try FileText.replace(passwordCopy, password(of: "postgres"), mode: 0o600)
        defer { unlink(passwordCopy) }
        guard chown(passwordCopy, account.user, account.group) == 0 else { throw SystemError.last("chown") }
        let command =
            account.prefix + [
                programs.initdb, "--pgdata", draft, "--username=postgres", "--pwfile", passwordCopy,
                "--auth=scram-sha-256", "--encoding=UTF8",
            ]
        var ended = try ChildProcess.run(command + ["--locale=C.UTF-8"])
        if ended.status != 0 { ended = try ChildProcess.run(command + ["--locale=C"]) }
        guard ended.status == 0 else {
            throw PostgresClusterError.initializing(String(ended.output.suffix(500)))
        }
        guard rename(draft, data) == 0 else { throw SystemError.last("rename \(draft)") }
    }

    /// Every role has its own, derived from the cluster's secret. Letters and digits only.
    func password(of role: String) throws -> String {
        guard let secret = try? FileText.read(passwordFile) else {
            throw PostgresClusterError.passwordFileMissing(passwordFile)
        }
        return SHA256.hex("\(secret):\(role)".utf8)
    }

    /// The port of the last time if it is still free, else a free one.
    func port() throws -> UInt16 {
        let last = (try? FileText.read(portFile)).flatMap { UInt16($0.filter(\.isNumber)) }
        let port = try last.flatMap { try? Self.freePort($0) } ?? Self.freePort(0)
        try FileText.replace(portFile, "\(port)\n")
        return port
    }

    /// - Parameter wanted: 0 for any.
    private static func freePort(_ wanted: UInt16) throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError.last("socket") }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw SystemError.last("bind") }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The process that runs on the data and its port, from an earlier start. A lock file whose process is gone,
    /// or is something else by now, is removed.
    func leftover() -> (process: pid_t, port: UInt16)? {
        let lines = ((try? FileText.read(data + "/postmaster.pid")) ?? "").split(
            separator: "\n", omittingEmptySubsequences: false)
        guard let process = lines.first.flatMap({ pid_t($0.filter(\.isNumber)) }), process > 0 else {
            return nil
        }
        let command = ChildProcess.isRunning(process) ? ChildProcess.commandLine(process) : []
        guard command.first?.hasSuffix("postgres") == true else {
            unlink(data + "/postmaster.pid")
            return nil
        }
        // Some other PostgreSQL under that number: the new one looks at the lock more closely than we can.
        guard command.contains(data) else { return nil }
        return (process, lines.count > 3 ? UInt16(lines[3].filter(\.isNumber)) ?? 0 : 0)
    }

    /// The last lines of the log.
    var lastWords: String {
        let lines = ((try? FileText.read(log)) ?? "").split(separator: "\n")
        return lines.suffix(4).joined(separator: " | ")
    }
}
