import Platform
import TestSupport

@testable import Tenancy

extension Fixture {
    func retryJobs(untried: Int64, retrying: Int64 = 100) -> RetryJobs {
        RetryJobs(
            loop: loop, database: database, logger: logger,
            limits: RetryStep.Limits(untried: untried, retrying: retrying))
    }

    /// A consumer with dead letters, at positions from 1 on, each in a lane of its own.
    func deadLetters(_ count: Int) async throws -> (Bot, Consumer) {
        let bot = try await bot(in: tenant())
        let consumer = try await consumer(of: bot, url: "https://example.com/updates")
        try await deadLetters(1...count, of: consumer)
        return (bot, consumer)
    }

    func deadLetters(_ positions: ClosedRange<Int>, of consumer: Consumer) async throws {
        try await tamper(
            """
            INSERT INTO delivery (tenant_id, id, consumer_id, bot_id, position, update_id, kind, lane, received_at,
                payload, status, attempts, last_error)
            SELECT \(consumer.bot.tenant), gen_random_uuid(), \(consumer.id), \(consumer.bot.bot), p, p, 'message',
                'c' || p, now(), '{}', 'dead', 9, 'the endpoint answered 500'
            FROM generate_series(\(Int64(positions.lowerBound)), \(Int64(positions.upperBound))) AS p
            """)
    }

    @discardableResult
    func retryDead(_ consumer: Consumer) async throws -> RetryJob {
        try await database.write(consumer.bot.tenant) { tx in
            try await RetryJob.create(of: consumer.id, in: tx)
        }
    }

    func find(_ job: RetryJob, of consumer: Consumer) async throws -> RetryJob? {
        try await database.read(consumer.bot.tenant) { tx in try await RetryJob.find(job.id, in: tx) }
    }

    func positions(_ consumer: Consumer, _ status: String) async throws -> [Int64] {
        try await superuser.withConnection { connection in
            try await connection.values(
                """
                SELECT position FROM delivery WHERE consumer_id = \(consumer.id) AND status = \(status)
                ORDER BY position
                """, as: Int64.self)
        }
    }
}
