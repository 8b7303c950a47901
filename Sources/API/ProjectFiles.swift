import Glibc

/// Files that come with the program: migrations and the API's description. They lie beside the executable, in
/// the project it was built in, or under /usr/share/rookery.
enum ProjectFiles {
    struct Missing: Error, CustomStringConvertible {
        let name: String
        var description: String {
            "\(name) is not beside the program, nor in its project, nor in /usr/share/rookery"
        }
    }

    static func path(of name: String) throws -> String {
        let program = executable()
        let folders = [program, program + "/../..", program + "/../../..", ".", "/usr/share/rookery"]
        for folder in folders where access("\(folder)/\(name)", R_OK) == 0 { return "\(folder)/\(name)" }
        throw Missing(name: name)
    }

    /// The folder of the running program.
    private static func executable() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return "." }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    }
}
