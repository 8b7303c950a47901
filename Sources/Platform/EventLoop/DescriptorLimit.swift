import Glibc

/// How many files and sockets the process may have open.
package enum DescriptorLimit {
    /// Raises it as far as the system allows: shells start programs with 1024, a server needs one a connection.
    /// - Returns: the limit from now on.
    @discardableResult
    package static func raise() -> Int {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(kind, &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(kind, &limit)
        getrlimit(kind, &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
