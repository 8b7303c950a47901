import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/pause`, `resume` and `rotate-secret`.
enum ConsumerControl {
    /// Nothing changes for one that stands still already.
    @Sendable static func pause(_ call: Call) async throws -> HTTPResponse {
        try await change(call) { consumer, tx in
            guard try await consumer.pause(in: tx) else { return }
            try await call.record(.status(.consumerPause, of: consumer, to: .paused), in: tx)
        }
    }

    /// Also what the platform has paused or disabled.
    @Sendable static func resume(_ call: Call) async throws -> HTTPResponse {
        try await change(call) { consumer, tx in
            guard try await consumer.resume(in: tx) else { return }
            try await call.record(.status(.consumerResume, of: consumer, to: .active), in: tx)
        }
    }

    private static func change(
        _ call: Call, _ change: (Consumer, TenantTransaction) async throws -> Void
    ) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.write { tx in
            guard let consumer = try await Consumer.locked(id, in: tx) else { throw Problem.notFound }
            try await change(consumer, tx)
            return try await call.response(of: id, in: tx)
        }
    }

    /// The older secrets go on signing beside the new one, until the grace is over.
    @Sendable static func rotateSecret(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        let rotation = try call.request.body.isEmpty ? Rotation() : call.body(Rotation.init)
        return try await call.write { tx in
            guard let consumer = try await Consumer.locked(id, in: tx) else { throw Problem.notFound }
            try consumer.requirePush()
            let rotated = try await Consumer.rotateSecret(
                of: id, to: rotation.secret, grace: rotation.grace, box: ConsumerSecrets(box: call.box),
                in: tx)
            guard rotated != nil else { throw Problem.notFound }
            var changes = AuditChanges()
            changes.addSecret("secret")
            changes.add("grace_ms", to: .number("\(rotation.grace.milliseconds)"))
            try await call.record(
                AuditEvent(.consumerSecretRotate, of: AuditTarget(id), changes: changes), in: tx)
            return try await call.response(of: id, secret: rotation.secret, in: tx)
        }
    }
}

private struct Rotation {
    private static let standardGrace = Duration.seconds(86_400)

    let secret: String
    let grace: Duration

    /// What is done when nothing is said.
    init() {
        secret = Signing.v1.makeSecret()
        grace = Self.standardGrace
    }

    init?(_ body: inout RequestBody) {
        let secret = body.signingSecret()
        grace = body.optional("grace_ms", .duration(0...604_800_000)) ?? Self.standardGrace
        guard let secret else { return nil }
        self.secret = secret
    }
}

extension Consumer {
    /// - Throws: `Problem` 409 for what only consumers that push have.
    func requirePush() throws {
        guard kind == .push else {
            throw Problem(409, "not_push", "This consumer does not push: its updates are pulled")
        }
    }
}
