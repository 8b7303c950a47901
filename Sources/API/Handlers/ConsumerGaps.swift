import Auth
import Platform
import Tenancy

/// `/v1/consumers/{consumer_id}/gaps`: what the retention took before the consumer had it.
enum ConsumerGaps {
    @Sendable static func list(_ call: Call) async throws -> HTTPResponse {
        let id = try call.id("consumer_id", of: Consumer.self)
        return try await call.page(
            { last, limit, tx in
                guard try await Consumer.known(id, in: tx) != nil else { throw Problem.notFound }
                return try await ConsumerGap.page(of: id, after: last, limit: limit, in: tx)
            }, id: \.id)
    }
}

extension ConsumerGap: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("first_position", firstPosition)
            $0.field("last_position", lastPosition)
            $0.field("first_received_at", firstReceivedAt)
            $0.field("last_received_at", lastReceivedAt)
            $0.field("count", count)
            $0.field("created_at", createdAt)
        }
    }
}
