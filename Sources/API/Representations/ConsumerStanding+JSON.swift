import Platform
import Tenancy

extension ConsumerStanding: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", consumer.id)
            $0.field("bot_id", consumer.bot.bot)
            $0.field("type", consumer.kind.rawValue)
            $0.field("name", consumer.name)
            $0.field("status", consumer.status.rawValue)
            $0.field("url", consumer.url)
            $0.field("kinds", consumer.kinds)
            $0.field("ordering", consumer.ordering.rawValue)
            $0.field("concurrency", consumer.concurrency)
            $0.field("timeout_ms", consumer.timeout.milliseconds)
            $0.field("retry") { json in
                json.object {
                    $0.field("schedule_ms", consumer.schedule.map(\.milliseconds))
                    $0.field("on_dead", consumer.onDead.rawValue)
                }
            }
            // No consumer signs with a key pair so far.
            $0.field("public_key", String?.none)
            $0.field("cursor", cursor)
            $0.field("created_at", consumer.createdAt)
            $0.field("updated_at", consumer.updatedAt)
        }
    }
}
