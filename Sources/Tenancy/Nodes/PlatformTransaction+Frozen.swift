import Platform

extension PlatformTransaction {
    /// Has the database end this transaction when the program says nothing for 3 seconds, which is shorter than any
    /// lease: the rows that a frozen node has locked are free by the time that others may take them.
    func endWhenFrozen() async throws {
        try await execute("SET LOCAL idle_in_transaction_session_timeout = '3s'")
    }
}
