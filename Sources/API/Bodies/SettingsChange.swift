import Platform
import Tenancy

/// A tenant's settings as a merge patch names them.
struct SettingsChange {
    private static var timezone: Field<String> {
        .text(1...64).which("an IANA time zone such as Europe/Berlin") {
            $0.wholeMatch(of: #/[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*/#) != nil
        }
    }
    private static var locale: Field<String> {
        .text(2...35).which("a language tag such as de-DE") {
            $0.wholeMatch(of: #/[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*/#) != nil
        }
    }

    private let timezone: Patch<String>
    private let locale: Patch<String>
    private let contactEmail: Patch<String>

    init?(_ body: inout RequestBody) {
        timezone = body.removable("timezone", Self.timezone)
        locale = body.removable("locale", Self.locale)
        contactEmail = body.removable("contact_email", .email)
    }

    func applied(to settings: TenantSettings) -> TenantSettings {
        var settings = settings
        settings.timezone = timezone.applied(to: settings.timezone)
        settings.locale = locale.applied(to: settings.locale)
        settings.contactEmail = contactEmail.applied(to: settings.contactEmail)
        return settings
    }
}
