import Platform

/// A fault put into calls of the Bot API, one bot's or every bot's, to see how the caller takes it.
package struct SandboxFault: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case error(BotAPIRefusal)
        /// Nothing is answered for so long; then 504.
        case silence(Duration)
    }

    /// In lower case; nil for all methods.
    let method: String?
    let kind: Kind
    /// How many calls it still meets; nil: until it is taken away.
    var remaining: Int?

    func isFor(_ name: String) -> Bool { method == nil || method == name }

    var json: JSON {
        var description: JSON?
        var name = "timeout"
        if case .error(let error) = kind {
            name = String(error.status)
            description = .string(error.description)
        }
        return .members([
            "method": method.map { .string($0) } ?? .null, "kind": .string(name), "description": description,
            "remaining": remaining.map { .integer($0) } ?? .null,
        ])
    }
}

extension SandboxFault {
    /// Calls are answered with an error, in Telegram's words unless others are given.
    /// - Parameters:
    ///   - status: from 400 to 599.
    ///   - method: nil for all.
    ///   - count: how many calls; nil for all until it is taken away.
    ///   - retryAfter: seconds.
    package init?(
        status: Int, method: String? = nil, count: Int? = nil, retryAfter: Int? = nil,
        description: String? = nil
    ) {
        let kind = Kind(
            name: String(status), retryAfter: retryAfter, description: description, seconds: nil,
            migrateTo: nil)
        guard let kind else { return nil }
        self.init(method: method?.lowercased(), kind: kind, remaining: count)
    }

    /// Calls are not answered for so long.
    package init(silence: Duration, method: String? = nil, count: Int? = nil) {
        self.init(method: method?.lowercased(), kind: .silence(silence), remaining: count)
    }
}

extension SandboxFault.Kind {
    /// - Parameters:
    ///   - name: `timeout`, `migrate`, or a status from 400 to 599.
    ///   - retryAfter: seconds; for 429, else 1 s is said.
    ///   - description: instead of what Telegram commonly says with that status.
    init?(name: String, retryAfter: Int?, description: String?, seconds: Int?, migrateTo: Int64?) {
        switch name {
        case "timeout": self = .silence(.seconds(seconds ?? 60))
        case "migrate":
            let text = description ?? "Bad Request: group chat was upgraded to a supergroup chat"
            let error = BotAPIRefusal(
                status: 400, description: text, migrateToChat: migrateTo ?? -1_001_000_000_000)
            self = .error(error)
        default:
            guard let status = Int(name), (400...599).contains(status) else { return nil }
            let seconds = retryAfter ?? (status == 429 ? 1 : nil)
            let text = description ?? Self.commonText(of: status, retryAfter: seconds)
            self = .error(BotAPIRefusal(status: status, description: text, retryAfter: seconds))
        }
    }

    private static func commonText(of status: Int, retryAfter: Int?) -> String {
        switch status {
        case 400: "Bad Request: chat not found"
        case 401: "Unauthorized"
        case 403: "Forbidden: bot was blocked by the user"
        case 404: "Not Found: method not found"
        case 409: BotAPIRefusal.otherGetUpdates.description
        case 429: "Too Many Requests: retry after \(retryAfter ?? 1)"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: status < 500 ? "Bad Request" : "Internal Server Error"
        }
    }
}

/// The faults that a bot's next calls meet. The one set last for a method counts, over one for all methods.
struct FaultPlan {
    private(set) var faults: [SandboxFault] = []

    /// Takes the place of the one for the same method.
    mutating func set(_ fault: SandboxFault) {
        faults.removeAll { $0.method == fault.method }
        faults.append(fault)
    }

    mutating func clear() { faults = [] }

    /// The fault that this call meets, counted off.
    mutating func take(for method: String) -> SandboxFault.Kind? {
        let name = method.lowercased()
        let own = faults.firstIndex { $0.method == name } ?? faults.firstIndex { $0.method == nil }
        guard let index = own else { return nil }
        let kind = faults[index].kind
        if let remaining = faults[index].remaining {
            if remaining <= 1 { faults.remove(at: index) } else { faults[index].remaining = remaining - 1 }
        }
        return kind
    }
}
