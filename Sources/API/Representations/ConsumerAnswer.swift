import Platform
import Tenancy

/// A consumer as it is shown. Settings of the other type are null.
struct ConsumerAnswer: JSONWritable {
    let standing: ConsumerStanding
    /// nil for one that does not push.
    let signing: ConsumerSigning?
    /// What deliveries are signed with, in the answer that makes it only.
    var secret: String?

    /// Of the same tenant's consumers, in their order.
    static func all(
        _ standings: [ConsumerStanding], box: SecretBox, in tx: TenantTransaction
    ) async throws -> [ConsumerAnswer] {
        let signing = try await Consumer.signing(
            of: standings.map(\.consumer.id), box: ConsumerSecrets(box: box), in: tx)
        return standings.map { ConsumerAnswer(standing: $0, signing: signing[$0.consumer.id]) }
    }

    var consumer: Consumer { standing.consumer }

    /// Of the consumer's version and of what changes by itself: cursor, lag, counts.
    var tag: ETag {
        var shown = self
        shown.secret = nil
        return ETag(consumer.id, consumer.updatedAt).variant(SHA256.hex(shown.json).prefix(16))
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", consumer.id)
            $0.field("bot_id", consumer.bot.bot)
            $0.field("type", consumer.kind.rawValue)
            $0.field("name", consumer.name)
            $0.field("status", consumer.status.rawValue)
            $0.field("status_reason", consumer.statusReason?.rawValue)
            $0.field("failing_since", consumer.failingSince)
            $0.field("kinds", consumer.kinds)
            $0.field("ordering", consumer.ordering.rawValue)
            writePush(to: &$0)
            $0.field("visibility_ms", consumer.kind == .pull ? consumer.visibility.milliseconds : nil)
            $0.field("cursor", standing.cursor)
            $0.field("lag", standing.lag)
            $0.field("deliveries", standing.deliveries)
            $0.field("created_at", consumer.createdAt)
            $0.field("updated_at", consumer.updatedAt)
            if let secret { $0.field("secret", secret) }
        }
    }

    private func writePush(to json: inout JSONWriter) {
        let isPush = consumer.kind == .push
        json.field("url", consumer.url)
        json.field("has_telegram_secret_token", isPush ? standing.hasTelegramSecret : nil)
        json.field("concurrency", isPush ? consumer.concurrency : nil)
        json.field("timeout_ms", isPush ? consumer.timeout.milliseconds : nil)
        json.field("retry") { json in
            guard isPush else { return json.null() }
            json.object {
                $0.field("schedule_ms", consumer.schedule.map(\.milliseconds))
                $0.field("on_dead", consumer.onDead.rawValue)
            }
        }
        json.field("disable_after_ms", isPush ? consumer.disableAfter?.milliseconds : nil)
        json.field("public_key", signing?.publicKey)
        json.field("older_secrets_until", isPush ? signing?.olderSecretsUntil ?? [] : nil)
    }
}

extension ConsumerLag: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("updates", updates)
            $0.field("seconds", seconds)
            $0.field("is_capped", isCapped)
        }
    }
}

extension DeliveryCounts: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("retrying", retrying)
            $0.field("dead", dead)
            $0.field("expired", expired)
        }
    }
}
