import Platform
import Tenancy

/// What can be set about bots and their webhooks. A wrong value is the reader's to tell; the standard one stands in.
struct BotsSettings: Sendable {
    /// How often each bot's webhook is checked.
    let reconcileInterval: Duration
    /// Bots whose tokens Telegram sees for the first time, from all tenants together.
    let onboardingPerMinute: Int
    /// For how long a hybrid bot's webhook fails before the bot polls.
    let hybridPatience: Duration
    /// Started in development; nil: one that runs already is used.
    let tunnel: TunnelProgram?

    var onboardingPace: OnboardingPace { OnboardingPace(perMinute: onboardingPerMinute) }

    init(_ reader: inout SettingsReader) {
        reconcileInterval =
            reader.read(
                "ROOKERY_RECONCILE_SECONDS", default: "300", expected: "a number of seconds from 1 to 86400"
            ) { Int($0).flatMap { (1...86_400).contains($0) ? Duration.seconds($0) : nil } } ?? .seconds(300)
        onboardingPerMinute =
            reader.read("ROOKERY_ONBOARDING_PER_MINUTE", default: "15", expected: "a number from 1 to 100000")
        {
            Int($0).flatMap { (1...100_000).contains($0) ? $0 : nil }
        } ?? 15
        hybridPatience =
            reader.read(
                "ROOKERY_HYBRID_SECONDS", default: "120", expected: "a number of seconds from 1 to 86400"
            ) { Int($0).flatMap { (1...86_400).contains($0) ? Duration.seconds($0) : nil } } ?? .seconds(120)
        tunnel = reader.read(
            "ROOKERY_TUNNEL", expected: "ngrok or cloudflared", parse: TunnelProgram.init(rawValue:))
    }
}
