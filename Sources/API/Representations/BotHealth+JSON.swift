import Platform
import Tenancy

extension BotHealth: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("bot_id", bot.id)
            $0.field("state", webhook.state.rawValue)
            $0.field("reason", webhook.reason)
            $0.field("transport", bot.transport.rawValue)
            $0.field("last_update_at", lastUpdateAt)
            traffic.writeFields(to: &$0)
        }
    }
}

extension HourTraffic {
    /// As members of the object that is being written.
    fileprivate func writeFields(to json: inout JSONWriter) {
        let received = counts.stored + counts.repeated + errors
        let attempts = counts.delivered + counts.deliveryFailed
        json.field("window") { json in
            json.object {
                $0.field("from", from)
                $0.field("to", to)
            }
        }
        json.field("updates") { json in
            json.object {
                $0.field("count", counts.stored)
                $0.field("per_minute", Double(counts.stored) / minutes)
                $0.field("repeated", counts.repeated)
            }
        }
        json.field("errors") { json in
            json.object {
                $0.field("count", errors)
                $0.field("share", Self.share(errors, of: received))
                $0.field("wrong_secret", counts.wrongSecret)
                $0.field("limited", counts.limited)
                $0.field("forbidden", counts.forbidden)
                $0.field("invalid", counts.invalid)
                $0.field("failed", counts.failed)
            }
        }
        json.field("ingest_ms", ingestTimes)
        json.field("delivery") { json in
            json.object {
                $0.field("count", attempts)
                $0.field("failed", counts.deliveryFailed)
                $0.field("share_failed", Self.share(counts.deliveryFailed, of: attempts))
            }
        }
        json.field("delivery_ms", deliveryTimes)
    }

    /// 0 of nothing.
    private static func share(_ part: Int64, of whole: Int64) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

extension DurationShares: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("p50", percentile(0.5))
            $0.field("p95", percentile(0.95))
            $0.field("p99", percentile(0.99))
        }
    }
}

extension WebhookStanding: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("bot_id", bot)
            $0.field("tenant_id", tenant)
            $0.field("name", name)
            $0.field("username", username)
            $0.field("mode", mode.rawValue)
            $0.field("transport", transport.rawValue)
            $0.field("status", status.rawValue)
            $0.field("state", state.rawValue)
            $0.field("reason", reason)
            $0.field("pending_update_count", pendingUpdateCount)
            $0.field("last_error_message", lastErrorMessage)
            $0.field("last_checked_at", lastCheckedAt)
            traffic?.writeFields(to: &$0)
        }
    }
}
