/// What the program ends with.
enum ExitStatus: Int32 {
    case success = 0
    case failed = 1
    case usage = 2
    /// EX_CONFIG of sysexits.h.
    case configuration = 78
}
