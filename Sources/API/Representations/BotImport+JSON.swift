import Platform
import Tenancy

/// An import as it is shown, with when it will have ended.
struct BotImportAnswer: JSONWritable {
    let batch: BotImport
    let finish: Timestamp?

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", batch.id)
            $0.field("status", batch.status.rawValue)
            $0.field("mode", batch.settings.mode.rawValue)
            $0.field("total", Int64(batch.total))
            $0.field("waiting", Int64(batch.waiting))
            $0.field("registered", Int64(batch.registered))
            $0.field("failed", Int64(batch.failed))
            $0.field("estimated_finish_at", finish)
            $0.field("created_at", batch.createdAt)
            $0.field("updated_at", batch.updatedAt)
        }
    }
}

extension BotImportItem: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("place", Int64(place))
            $0.field("telegram_id", telegramID)
            $0.field("name", name)
            $0.field("status", status.rawValue)
            $0.field("bot_id", bot)
            $0.field("error", fault)
            $0.field("updated_at", updatedAt)
        }
    }
}

extension BotImportItem.Fault: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("code", code)
            $0.field("detail", detail)
        }
    }
}
