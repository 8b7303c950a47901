import CLinux
import Glibc

/// Signals as events on a loop (signalfd), instead of handlers that interrupt anywhere.
package enum Signals {
    /// Blocks `numbers` in this thread and all threads it starts from now on: call first thing in the program.
    /// One that was ignored, as shells have background jobs ignore SIGINT, would never arrive, so it is not any more.
    package static func block(_ numbers: [Int32]) {
        for number in numbers { signal(number, SIG_DFL) }
        var set = signalSet(numbers)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls `handler` on `loop` for each signal of `numbers`, which must have been blocked before.
    package static func watch(
        _ numbers: [Int32], on loop: EventLoop, _ handler: @escaping @Sendable (Int32) -> Void
    ) throws {
        var set = signalSet(numbers)
        let descriptor = signalfd(-1, &set, Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError.last("signalfd") }
        try loop.watch(descriptor, .readable) { _ in
            var info = signalfd_siginfo()
            while read(descriptor, &info, MemoryLayout.size(ofValue: info))
                == MemoryLayout.size(ofValue: info)
            {
                handler(Int32(bitPattern: info.ssi_signo))
            }
        }
    }

    private static func signalSet(_ numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }
}
