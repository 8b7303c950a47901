import Platform

/// A consumer's dead letters being tried again, in the order of the log.
package struct RetryJob: Sendable, Identified {
    package static let prefix = "retry"

    package enum Status: String, Sendable, PostgresCodable { case running, finished, cancelled }

    package let id: ID<RetryJob>
    package let consumer: ID<Consumer>
    package let status: Status
    /// Dead letters that there were when it was made; nil: too many to have been counted.
    package let total: Int64?
    /// Those that have been tried again since. What is retried or deleted by others meanwhile is not among them.
    package let done: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let finishedAt: Timestamp?
}

extension RetryJob: RowDecodable {
    static let columns: SQL = "id, consumer_id, status, total, done, created_at, updated_at, finished_at"

    package init(row: inout Row) throws {
        id = try row.next()
        consumer = try row.next()
        status = try row.next()
        total = try row.next()
        done = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        finishedAt = try row.next()
    }
}
