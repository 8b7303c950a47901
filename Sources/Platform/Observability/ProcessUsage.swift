import Glibc

/// What this process takes of the machine, as /proc tells. Blocks.
package struct ProcessUsage: Sendable {
    /// Bytes.
    package let residentMemory: Int
    package let openDescriptors: Int

    /// - Throws: `SystemError` where there is no /proc.
    package init() throws {
        let pages = try FileText.read("/proc/self/statm").split(separator: " ").dropFirst().first
        residentMemory = (pages.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
        guard let folder = opendir("/proc/self/fd") else { throw SystemError.last("opendir /proc/self/fd") }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.`, `..` and the folder itself.
        openDescriptors = count - 3
    }
}
