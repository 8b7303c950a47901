import FoundationEssentials
import Glibc

/// What the program is given from outside, so that commands can be run with another.
struct ProcessEnvironment: Sendable {
    let variables: [String: String]
    let readLine: @Sendable () -> String?
    let print: @Sendable (String) -> Void
    let printError: @Sendable (String) -> Void

    static let process = ProcessEnvironment(
        variables: ProcessInfo.processInfo.environment,
        readLine: { Swift.readLine() },
        print: { write($0, to: STDOUT_FILENO) },
        printError: { write($0, to: STDERR_FILENO) })

    private static func write(_ line: String, to descriptor: Int32) {
        var line = line + "\n"
        line.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
