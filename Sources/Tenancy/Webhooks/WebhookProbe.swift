import Platform

/// Finds out whether a bot's webhook is reachable, without Telegram: posts something that is no update to its address
/// and looks whether this installation answers.
package struct WebhookProbe: Sendable {
    private static let timeout = Duration.seconds(10)

    private let own: HTTPClient
    private let custom: HTTPClient

    /// - Parameters:
    ///   - own: for the installation's own address, which the operator chose.
    ///   - custom: for addresses that tenants chose: guarded as deliveries are.
    package init(own: HTTPClient, custom: HTTPClient) {
        self.own = own
        self.custom = custom
    }

    /// - Parameter isCustom: whether the bot's owner chose the address.
    /// - Returns: what is wrong, in words; nil when we were reached.
    func fault(of url: String, isCustom: Bool, secret: String) async -> String? {
        let request = HTTPClientRequest(
            url: url,
            headers: [
                ("Content-Type", "application/json"), ("X-Telegram-Bot-Api-Secret-Token", secret),
            ], body: Array("{}".utf8), timeout: Self.timeout)
        let answer: HTTPClientResponse
        do {
            answer = try await (isCustom ? custom : own).send(request)
        } catch HTTPClientError.timedOut {
            return "its address does not answer"
        } catch {
            return "its address cannot be reached"
        }
        // A proxy on the way answers without it.
        guard answer.header("Request-Id")?.hasPrefix("req_") == true else {
            return "something else answers at its address (HTTP \(answer.status))"
        }
        switch answer.status {
        // No update; above the limit; not from one of Telegram's addresses, which is asked after the secret.
        case 400, 429: return nil
        case 403 where String(decoding: answer.body, as: UTF8.self).contains("\"address_refused\""):
            return nil
        default: return "the platform answers with HTTP \(answer.status) at its address"
        }
    }
}
