import Platform

/// Looks after consumers as time goes by: owners of those that fail are warned, and when nothing could be delivered
/// for as long as the owner has set, the consumer is disabled; secrets whose time is over are forgotten. On one node
/// at a time.
package struct ConsumerWatch: Sendable {
    private static let interval = Duration.seconds(10)
    private static let pageSize = 200
    /// What is left waits for the next pass.
    private static let mostPages = 10

    private let loop: EventLoop
    private let database: Database
    private let events: ConsumerEvents
    private let logger: Logger

    package init(loop: EventLoop, database: Database, events: ConsumerEvents, logger: Logger) {
        self.loop = loop
        self.database = database
        self.events = events
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var isFailing = false
        while (try? await loop.sleep(for: Self.interval * Double.random(in: 0.8...1.2))) != nil {
            do {
                try await pass()
                isFailing = false
            } catch {
                if Task.isCancelled { return }
                if !isFailing { logger.warning("consumers could not be looked after", ["error": "\(error)"]) }
                isFailing = true
            }
        }
    }

    package func pass() async throws {
        var found: Int
        for _ in 0..<Self.mostPages {
            let overdue = try await database.job { tx in
                try await Consumer.overdue(limit: Self.pageSize, in: tx)
            }
            for (id, tenant) in overdue { try await judge(id, of: tenant) }
            guard overdue.count == Self.pageSize, !Task.isCancelled else { break }
        }
        repeat {
            found = try await database.job { tx in
                try await Consumer.forgetEndedSecrets(limit: Self.pageSize, in: tx)
            }
        } while found == Self.pageSize && !Task.isCancelled
    }

    /// Warned before it is disabled, always.
    private func judge(_ id: ID<Consumer>, of tenant: ID<Tenant>) async throws {
        let change = try await database.write(tenant) { tx -> (ConsumerEvent, Consumer)? in
            let change: (ConsumerEvent, Consumer)?
            if let (consumer, end) = try await Consumer.warn(id, in: tx), let since = consumer.failingSince {
                change = (.failing(since: since, disabledAt: end), consumer)
            } else if let consumer = try await Consumer.disable(id, in: tx), let since = consumer.failingSince
            {
                change = (.disabled(failingSince: since), consumer)
            } else {
                change = nil
            }
            if let (event, consumer) = change { try await events.record(event, consumer, tx) }
            return change
        }
        if let (event, consumer) = change { events.tell(event, consumer) }
    }
}
