/// Who a bot is.
package struct SandboxBotProfile: Sendable, Equatable {
    package let telegramID: Int64
    package let token: String
    package let username: String
    package let firstName: String

    private static let secretCharacters =
        Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")

    /// What is nil is made up.
    /// - Throws: `SandboxError.invalid` for a token that is not `number:secret`, or an empty name.
    init(token: String?, username: String?, firstName: String?, random: inout some RandomNumberGenerator)
        throws(SandboxError)
    {
        let token = token ?? Self.makeToken(random: &random)
        guard let id = Self.telegramID(in: token) else {
            throw .invalid(field: "token", "must be the bot's number, a colon and letters, digits, - or _")
        }
        if username?.isEmpty == true { throw .invalid(field: "username", "must not be empty") }
        if firstName?.isEmpty == true { throw .invalid(field: "first_name", "must not be empty") }
        self.token = token
        telegramID = id
        self.username = username ?? "sandbox_\(id)_bot"
        self.firstName = firstName ?? "Sandbox bot"
    }

    /// The number in front of a token's colon; nil when it is no token.
    static func telegramID(in token: some StringProtocol) -> Int64? {
        let parts = token.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int64(parts[0]), id > 0, !parts[1].isEmpty,
            parts[1].utf8.count <= 256,
            parts[1].allSatisfy(secretCharacters.contains)
        else { return nil }
        return id
    }

    /// The same bot with another token: the one before is revoked.
    func withNewToken(random: inout some RandomNumberGenerator) -> SandboxBotProfile {
        SandboxBotProfile(
            telegramID: telegramID, token: Self.makeToken(for: telegramID, random: &random),
            username: username,
            firstName: firstName)
    }

    private init(telegramID: Int64, token: String, username: String, firstName: String) {
        self.telegramID = telegramID
        self.token = token
        self.username = username
        self.firstName = firstName
    }

    private static func makeToken(for number: Int64? = nil, random: inout some RandomNumberGenerator)
        -> String
    {
        let id = number ?? Int64.random(in: 1_000_000_000...7_999_999_999, using: &random)
        let secret = (0..<33).compactMap { _ in secretCharacters.randomElement(using: &random) }
        return "\(id):AA\(String(secret))"
    }
}
