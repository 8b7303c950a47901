import CLinux
import Glibc

/// A started program. Its signals are as the system has them by default, its process group is its own (so that
/// Ctrl-C reaches only us), its folder is `/` and it inherits nothing but its three standard streams.
struct ChildProcess: Sendable {
    struct Ended: Sendable {
        /// 0 when it went well; 128 + n after signal n, as in a shell.
        let status: Int32
        let output: String
    }

    let identifier: pid_t

    /// - Parameter log: what it writes is added to this file.
    static func start(_ arguments: [String], log: String) throws -> ChildProcess {
        try spawn(arguments) { actions in
            posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o640)
        }
    }

    /// Starts a program and gives the end of a pipe from which to read what it writes, without waiting; to be closed.
    /// - Parameter passing: variables of our environment that it gets, too.
    static func start(_ arguments: [String], passing: [String]) throws -> (ChildProcess, output: Int32) {
        let (child, output) = try startPiped(arguments, passing: passing)
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        return (child, output)
    }

    private static func startPiped(
        _ arguments: [String], passing: [String] = []
    ) throws -> (ChildProcess, output: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError.last("pipe2") }
        defer { close(ends[1]) }
        do {
            return (
                try spawn(arguments, passing: passing) { posix_spawn_file_actions_adddup2(&$0, ends[1], 1) },
                ends[0]
            )
        } catch {
            close(ends[0])
            throw error
        }
    }

    /// Runs a program to its end and takes what it writes. Blocks.
    static func run(_ arguments: [String]) throws -> Ended {
        let (child, output) = try startPiped(arguments)
        defer { close(output) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(output, &chunk, chunk.count), count > 0 {
            bytes.append(contentsOf: chunk[..<count])
        }
        var status: Int32 = 0
        while waitpid(child.identifier, &status, 0) < 0 && errno == EINTR {}
        return Ended(status: exitStatus(status), output: String(decoding: bytes, as: UTF8.self))
    }

    private static func spawn(
        _ arguments: [String], passing: [String] = [], output: (inout posix_spawn_file_actions_t) -> Int32
    ) throws -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        _ = output(&actions)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        posix_spawn_file_actions_addchdir_np(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let passed = passing.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
        let environment = copies(["PATH=\(path)", "LC_ALL=C", "TZ=UTC"] + passed)
        let strings = copies(arguments)
        defer { for string in strings + environment { free(string) } }
        var identifier: pid_t = 0
        let status = posix_spawnp(&identifier, arguments[0], &actions, &attributes, strings, environment)
        guard status == 0 else { throw SystemError(call: "starting \(arguments[0])", code: status) }
        return ChildProcess(identifier: identifier)
    }

    /// C strings and a last nil; each is to be freed.
    private static func copies(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        copies.append(nil)
        return copies
    }

    private static func exitStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    // MARK: Any process, ours or another's child

    /// Whether the process runs. One that has ended but that nobody has waited for does not.
    static func isRunning(_ process: pid_t) -> Bool {
        // Takes the status when it is ours; fails harmlessly when it is not.
        if waitpid(process, nil, WNOHANG) == process { return false }
        guard let stat = try? FileText.read("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else {
            return false
        }
        return !stat[end...].hasPrefix(") Z") && !stat[end...].hasPrefix(") X")
    }

    static func commandLine(_ process: pid_t) -> [String] {
        let text = (try? FileText.read("/proc/\(process)/cmdline")) ?? ""
        return text.split(separator: "\0").map(String.init)
    }
}
