import Platform
import Tenancy

/// What `rookery dev` says once all of it is up: one line of JSON, or a page for people.
struct DevReport {
    let app: App
    let settings: Settings
    let parts: DevParts
    let masterKey: String
    let people: DevPeople
    let demo: DevDemo?

    var json: String {
        var line = JSONText()
        line.field("api", app.url)
        line.field("admin", app.adminURL)
        if let sandbox = parts.sandbox { line.field("sandbox", sandbox.url) }
        line.field("database_url", settings.databaseURL)
        line.field("database_owner_url", settings.databaseOwnerURL ?? "")
        line.field("tenant_id", "\(people.tenant.id)")
        line.field("owner", literal: Self.object(people.owner))
        line.field("platform_admin", literal: Self.object(people.platformAdmin))
        line.field("api_key", people.apiKey)
        if let demo {
            line.field(
                "bot",
                literal: Self.object([
                    ("id", JSONText.quoted("\(demo.bot.id)")), ("telegram_id", "\(demo.bot.telegramID)"),
                    ("webhook_secret", JSONText.quoted(demo.secrets.webhookSecret)),
                ]))
            line.field("consumer_id", "\(demo.consumer.id)")
        }
        let variables = DevEnvironment.anotherNode(
            settings, masterKey: masterKey, url: app.bots.address.url)
        line.field("environment", literal: Self.object(variables.map { ($0.0, JSONText.quoted($0.1)) }))
        if let demo {
            let trace = demo.trace
            line.field(
                "trace",
                literal: Self.object([
                    ("received_at", Self.quoted(trace?.receivedAt)),
                    ("committed_at", Self.quoted(trace?.committedAt)),
                    ("delivered_at", Self.quoted(trace?.deliveredAt)),
                    ("answered_at", Self.quoted(trace?.answeredAt)),
                ]))
        }
        return line.finished
    }

    var text: String {
        let addresses = """

            Rookery is up.

              API          \(app.url)
              Metrics      \(app.adminURL)/metrics
              Telegram     \(parts.sandbox.map { "\($0.url) (the sandbox)" } ?? settings.telegramAPIURL)
              Database     \(settings.databaseOwnerURL ?? "")

              Tenant       \(people.tenant.id)
              Owner        \(people.owner.email), password \(people.owner.password)
              API key      \(people.apiKey)
              Platform     \(people.platformAdmin.email), password \(people.platformAdmin.password)

            To use the API, in another terminal:

              # with the key
              curl -s \(app.url)/v1/auth/me -H 'Authorization: Bearer \(people.apiKey)'

              # as the owner: the answer's access_token goes where the key stands above
              curl -s \(app.url)/v1/auth/login -H 'Content-Type: application/json' \\
                -d '{"email":"\(people.owner.email)","password":"\(people.owner.password)"}'
            """
        guard let demo, let sandbox = parts.sandbox else { return addresses + "\n\nStop with Ctrl-C.\n" }
        return addresses + """


            \(Self.story(demo.result))

              Bot          \(demo.bot.id) (@\(demo.bot.username ?? ""), \(demo.bot.telegramID) at Telegram)
              Secret       \(demo.secrets.webhookSecret)
              Consumer     \(demo.consumer.id)
              Signing      \(demo.signingSecret)

            And to try:

              # let the user write again, and see what the bot has answered
              curl -s \(sandbox.url)/sandbox/bots/\(demo.bot.telegramID)/messages -H 'Content-Type: application/json' \\
                -d '{"text":"hello again"}'
              curl -s '\(sandbox.url)/sandbox/bots/\(demo.bot.telegramID)/calls?method=sendMessage'

              # be Telegram: send an update yourself
              curl -si \(app.url)/telegram/webhook/\(demo.bot.id) -H 'Content-Type: application/json' \\
                -H 'X-Telegram-Bot-Api-Secret-Token: \(demo.secrets.webhookSecret)' \\
                -d '{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":1001,"type":"private"},"text":"hi"}}'

              curl -s \(app.url)/health; curl -s \(app.url)/ready

            Stop with Ctrl-C.

            """
    }

    private static func object(_ person: DevPeople.Person) -> String {
        object([
            ("email", JSONText.quoted(person.email)), ("password", JSONText.quoted(person.password)),
        ])
    }

    private static func object(_ members: [(String, String)]) -> String {
        var text = JSONText()
        for (name, literal) in members { text.field(name, literal: literal) }
        return text.finished
    }

    private static func story(_ result: Result<DevDemo.Trace, DevDemo.NoAnswer>) -> String {
        switch result {
        case .success(let trace):
            func after(_ moment: Timestamp) -> String { milliseconds(moment - trace.receivedAt) }
            return """
                A user of the sandbox has just written "hello" to the demo bot:

                  received     \(trace.receivedAt)
                  committed    + \(after(trace.committedAt)) ms   in PostgreSQL
                  delivered    + \(after(trace.deliveredAt)) ms   to the demo consumer's endpoint, signature checked
                  answered     + \(after(trace.answeredAt)) ms   with sendMessage
                """
        case .failure(let fault): return "The demo bot has answered nothing: \(fault)"
        }
    }

    private static func quoted(_ moment: Timestamp?) -> String {
        moment.map { JSONText.quoted("\($0)") } ?? "null"
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let tenths = duration.microseconds / 100
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}
