import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Telegram links", .serialized, .timeLimit(.minutes(10)))
struct TelegramLinkTests {
    private func link(_ code: LinkCode, user: Int64, _ bot: Bot, _ fixture: Fixture) async throws
        -> TelegramLink?
    {
        try await fixture.database.write(bot.tenant) { tx in
            try await TelegramLink.make(with: code, user: user, through: bot.id, in: tx)
        }
    }

    private func offer(_ code: LinkCode, to person: Person, in tenant: Tenant, _ fixture: Fixture)
        async throws
    {
        let admin = try #require(person.admin)
        let expiry = try await fixture.database.write(tenant.id) { tx in
            try await TelegramLink.offer(code, to: admin, in: tx)
        }
        _ = try #require(expiry)
    }

    @Test("A code is good once, for ten minutes, in its own tenant, and the last one only")
    func codes() async throws {
        try await Fixture.with { fixture in
            let (tenant, other) = (try await fixture.tenant(), try await fixture.tenant("Other"))
            let (bot, foreignBot) = (try await fixture.bot(in: tenant), try await fixture.bot(in: other))
            let person = try await fixture.admin(in: tenant)
            let (old, good, late) = (LinkCode(), LinkCode(), LinkCode())
            try await offer(old, to: person, in: tenant, fixture)
            try await offer(good, to: person, in: tenant, fixture)

            let replaced = try await link(old, user: 7, bot, fixture)
            let foreign = try await link(good, user: 7, foreignBot, fixture)
            let first = try await link(good, user: 7, bot, fixture)
            let again = try await link(good, user: 7, bot, fixture)
            try await offer(late, to: person, in: tenant, fixture)
            try await fixture.tamper("UPDATE telegram_link_code SET expires_at = now()")
            let expired = try await link(late, user: 9, bot, fixture)

            #expect(replaced == nil && foreign == nil && again == nil && expired == nil)
            #expect(first?.admin == person.admin && first?.user == 7)
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM telegram_link_code WHERE code_digest = \(Array(late.text.utf8))")
                    == 0)
        }
    }

    @Test("A Telegram account is one admin's in a tenant, and goes with the admin")
    func oneAdmin() async throws {
        try await Fixture.with { fixture in
            let tenant = try await fixture.tenant()
            let bot = try await fixture.bot(in: tenant)
            let (first, second) = (try await fixture.admin(in: tenant), try await fixture.admin(in: tenant))
            for person in [first, second] {
                let code = LinkCode()
                try await offer(code, to: person, in: tenant, fixture)
                _ = try await link(code, user: 7, bot, fixture)
            }

            let holder = try await fixture.database.read(tenant.id) { tx in
                try await TelegramLink.find(user: 7, in: tx)?.admin
            }
            try await fixture.tamper("DELETE FROM admin WHERE id = \(second.admin)")

            #expect(holder == second.admin)
            #expect(try await fixture.count("SELECT count(*) FROM telegram_link") == 0)
        }
    }
}
