import FoundationEssentials
import Glibc

/// What the program is given from outside, so that commands can be run with another.
struct ProcessEnvironment: Sendable {
    let variables: [String: String]
    let readLine: @Sendable () -> String?
    /// Asks for a secret, which does not show while it is typed; nil: there is nobody to ask, read a line.
    let askSecret: (@Sendable (String) -> String?)?
    let print: @Sendable (String) -> Void
    let printError: @Sendable (String) -> Void

    init(
        variables: [String: String], readLine: @escaping @Sendable () -> String?,
        askSecret: (@Sendable (String) -> String?)? = nil, print: @escaping @Sendable (String) -> Void,
        printError: @escaping @Sendable (String) -> Void
    ) {
        self.variables = variables
        self.readLine = readLine
        self.askSecret = askSecret
        self.print = print
        self.printError = printError
    }

    static let process = ProcessEnvironment(
        variables: ProcessInfo.processInfo.environment,
        readLine: { Swift.readLine() },
        askSecret: isatty(STDIN_FILENO) == 1 ? askSecret : nil,
        print: { write($0, to: STDOUT_FILENO) },
        printError: { write($0, to: STDERR_FILENO) })

    @Sendable private static func askSecret(_ prompt: String) -> String? {
        write(prompt, to: STDERR_FILENO, end: "")
        var settings = termios()
        let isTerminal = tcgetattr(STDIN_FILENO, &settings) == 0
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        if isTerminal { tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) }
        defer {
            if isTerminal { tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) }
            write("", to: STDERR_FILENO)
        }
        return Swift.readLine()
    }

    private static func write(_ line: String, to descriptor: Int32, end: String = "\n") {
        var line = line + end
        line.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
