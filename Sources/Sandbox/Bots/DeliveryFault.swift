import Platform

/// Deliveries to a bot's webhook fail without its receiver being asked.
package struct DeliveryFault: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case refused
        case timeout
        case status(Int)
    }

    let kind: Kind
    /// Seconds that the receiver asks to wait for.
    let retryAfter: Int
    /// How many deliveries it still meets; nil: until it is taken away.
    var remaining: Int?

    /// - Parameter count: nil: until it is taken away.
    package init(_ kind: Kind, retryAfter: Int = 0, count: Int? = nil) {
        self.kind = kind
        self.retryAfter = retryAfter
        remaining = count
    }

    /// - Throws: `WebhookFault`
    func answer() throws -> WebhookAnswer {
        switch kind {
        case .refused: throw WebhookFault(message: "Connection refused")
        case .timeout: throw WebhookFault(message: "Read timeout expired")
        case .status(let status): WebhookAnswer(status: status, retryAfter: retryAfter)
        }
    }

    var json: JSON {
        let name =
            switch kind {
            case .refused: "refused"
            case .timeout: "timeout"
            case .status(let status): String(status)
            }
        return [
            "kind": .string(name), "retry_after": .integer(retryAfter),
            "remaining": remaining.map { .integer($0) } ?? .null,
        ]
    }
}

extension DeliveryFault.Kind {
    /// - Parameter name: `refused`, `timeout`, or a status from 300 to 599.
    init?(name: String) {
        switch name {
        case "refused": self = .refused
        case "timeout": self = .timeout
        default:
            guard let status = Int(name), (300...599).contains(status) else { return nil }
            self = .status(status)
        }
    }
}
