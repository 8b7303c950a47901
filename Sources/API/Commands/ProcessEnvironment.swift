import FoundationEssentials
import Glibc

/// What the program is given from outside, so that commands can be run with another.
struct ProcessEnvironment: Sendable {
    let variables: [String: String]
    let print: @Sendable (String) -> Void

    static let process = ProcessEnvironment(
        variables: ProcessInfo.processInfo.environment,
        print: { line in
            var line = line + "\n"
            line.withUTF8 { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        })
}
