import Platform
import Tenancy

extension OwnerAlarm {
    init(_ event: ConsumerEvent, of consumer: Consumer) {
        self.init(
            tenant: consumer.bot.tenant, subject: event.subject(consumer.name),
            topic: "The consumer \(consumer.name) (\(consumer.id)) of \(consumer.bot.bot)",
            text: event.explanation)
    }
}

extension ConsumerEvent {
    fileprivate func subject(_ name: String) -> String {
        switch self {
        case .gone: "Your consumer \(name) was paused"
        case .failing: "Your consumer \(name) gets no updates"
        case .disabled: "Your consumer \(name) was disabled"
        case .missed: "Your consumer \(name) has missed updates"
        }
    }

    /// For the consumer's owner.
    fileprivate var explanation: String {
        switch self {
        case .gone:
            """
            Its endpoint answered 410 Gone, so it was paused. Its updates wait in the log, for as long as that is kept. \
            When the endpoint is there again, or another one set with PATCH /v1/consumers/{id}, go on with \
            POST /v1/consumers/{id}/resume.
            """
        case .failing(let since, let end):
            """
            Since \(since) no update could be delivered to its endpoint. \
            \(end.map { "If that does not change, it will be disabled at \($0). " } ?? "")\
            GET /v1/consumers/{id}/attempts shows what was tried and what came of it.
            """
        case .disabled(let since):
            """
            Since \(since) no update could be delivered to its endpoint, so it was disabled. Its updates wait in the log, \
            for as long as that is kept. When the endpoint works, go on with POST /v1/consumers/{id}/resume.
            """
        case .missed(let gap):
            """
            \(gap.count) updates were dropped at the end of their retention before it had got them: from position \
            \(gap.firstPosition), received at \(gap.firstReceivedAt), to position \(gap.lastPosition), received at \
            \(gap.lastReceivedAt). GET /v1/consumers/{id}/gaps shows all that it has missed.
            """
        }
    }
}
