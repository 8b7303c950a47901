import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/pull` and `/ack`. Neither is in the audit trail: they are the traffic itself.
struct Pulls: Sendable {
    private static let limits = 1...200
    private static let standardLimit = 50
    private static let longestWait = 60_000
    /// For what an answer takes besides waiting.
    private static let answerTime = Duration.seconds(30)

    let waiters: PullWaiters
    let gate: Gate

    /// An Idempotency-Key is not looked at: asked again, a pull gives what is there then.
    @Sendable func pull(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let (limit, time) = try call.body { body in
            (
                body.optional("limit", .integer(Self.limits)) ?? Self.standardLimit,
                Duration.milliseconds(body.optional("wait_ms", .integer(0...Self.longestWait)) ?? 0)
            )
        }
        if time > .zero { call.request.isAnswered(by: .now + time + Self.answerTime) }
        let look = PullLook(id, limit: limit)
        let outcome = try await waiters.pull(id, of: call.tenant, for: time, on: call.loop) {
            // What would be handed out now, nobody would have.
            if call.request.isClientGone { throw CancellationError() }
            try gate.requireStill(.manageConsumers, of: call)
        } look: { wait in
            do {
                return try await look.run(
                    in: call.database, of: call.tenant, wait: wait, reserve: call.request.reserveAnswer)
            } catch {
                // It may look again, much later.
                call.request.releaseAnswer()
                throw error
            }
        }
        return .json(200, outcome.json)
    }

    @Sendable func acknowledge(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let acknowledgement = PullAcknowledgement(id, try call.body(PullAcknowledgement.Extent.init))
        var outcome: PullAcknowledgement.Outcome?
        // An answer that is kept is part of the transaction.
        let isKept = call.request.headers["Idempotency-Key"] != nil
        func run(_ tx: TenantTransaction) async throws -> HTTPResponse {
            let done = try await acknowledgement.run(telling: waiters, ends: !isKept, in: tx)
            outcome = done
            return Self.answer(done)
        }
        let response = try await isKept ? call.write(run) : call.write(in: call.tenant, run)
        if let outcome { waiters.wake([outcome.bot], isFreed: true) }
        return response
    }

    private static func answer(_ outcome: PullAcknowledgement.Outcome) -> HTTPResponse {
        var json = JSONWriter()
        json.object { $0.field("acknowledged", outcome.count) }
        return .json(200, json.bytes)
    }
}

extension PullAcknowledgement.Extent {
    fileprivate init?(_ body: inout RequestBody) {
        let position = Field<Int>.integer(0...Int.max)
        let positions = body.optional("positions", .list(of: position, 1...1000))
        let last = body.optional("position", position)
        switch (positions, last) {
        case (let positions?, nil): self = .positions(positions.map(Int64.init))
        case (nil, let last?): self = .upTo(Int64(last))
        case (nil, nil):
            if body.errors.isEmpty { body.fail("positions", "required", "is required, or position is") }
            return nil
        case (.some, .some):
            body.fail("position", "invalid", "must not stand beside positions")
            return nil
        }
    }
}
