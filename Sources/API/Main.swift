import Glibc
import Platform

@main
struct Main {
    static func main() async {
        // Before any thread starts: signals arrive as events on a loop, or not at all.
        Signals.block([SIGINT, SIGTERM, SIGHUP])
        let status = await CommandLineFront(
            words: Array(CommandLine.arguments.dropFirst()), environment: .process
        ).run()
        exit(status.rawValue)
    }
}
