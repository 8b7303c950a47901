import Platform
import Tenancy

extension Bot: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("telegram_id", telegramID)
            $0.field("username", username)
            $0.field("name", name)
            $0.field("mode", mode.rawValue)
            $0.field("status", status.rawValue)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
        }
    }
}
