import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/retry-dead` and `/v1/retry-jobs`: all dead letters of a consumer tried again.
enum ConsumerRetries {
    /// Only writes down what is to be done; the answer's `Location` tells how far it has come.
    @Sendable static func create(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.write { tx in
            _ = try await call.pushConsumer(id, in: tx)
            let job = try await RetryJob.create(of: id, in: tx)
            var changes = AuditChanges()
            changes.add("retry_job", to: .string(job.id.description))
            if let total = job.total { changes.add("total", to: .number("\(total)")) }
            try await call.record(
                AuditEvent(.consumerRetryDead, of: AuditTarget(id), changes: changes), in: tx)
            return .json(202, job.json, headers: ["Location": "/v1/retry-jobs/\(job.id)"])
        }
    }

    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.page(
            { last, limit, tx in
                guard try await Consumer.known(id, in: tx) != nil else { throw Problem.notFound }
                return try await RetryJob.page(of: id, after: last, limit: limit, in: tx)
            }, id: \.id)
    }

    @Sendable static func show(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("retry_id", of: RetryJob.self)
        let job = try await call.found { tx in try await RetryJob.find(id, in: tx) }
        return .resource(job, job.tag, for: call.request)
    }

    /// What has been put back among the updates to be delivered stays there.
    @Sendable static func cancel(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("retry_id", of: RetryJob.self)
        return try await call.write { tx in
            guard let job = try await RetryJob.find(id, isLocked: true, in: tx) else {
                throw Problem.notFound
            }
            try job.tag.requireMatch(call.request)
            guard try await job.cancel(in: tx) else { return .noContent }
            var changes = AuditChanges()
            changes.add("retry_job", to: .string(job.id.description))
            changes.add("status", from: job.status.rawValue, to: RetryJob.Status.cancelled.rawValue)
            try await call.record(
                AuditEvent(.consumerRetryDeadCancel, of: AuditTarget(job.consumer), changes: changes), in: tx)
            return .noContent
        }
    }
}

extension Call {
    /// - Throws: `Problem` 404 for what is no consumer of the tenant's, 409 for one to which nothing is sent.
    func pushConsumer(
        _ id: ID<Consumer>, isLocked: Bool = false, in tx: TenantTransaction
    ) async throws -> Consumer {
        let found = isLocked ? try await Consumer.locked(id, in: tx) : try await Consumer.known(id, in: tx)
        guard let found else { throw Problem.notFound }
        try found.requirePush()
        return found
    }
}
