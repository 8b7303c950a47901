import Glibc
import Platform

@main
struct Main {
    /// Not async: that would begin on another thread, and signals have to be blocked on the first one, before any
    /// other is started.
    static func main() {
        Signals.block([SIGINT, SIGTERM, SIGHUP])
        DescriptorLimit.raise()
        let front = CommandLineFront(words: Array(CommandLine.arguments.dropFirst()), environment: .process)
        // Ends the process; the first thread has nothing else to do than to wait for that, and is blocked by it,
        // hence detached.
        Task.detached { exit(await front.run().rawValue) }
        while true { pause() }
    }
}
