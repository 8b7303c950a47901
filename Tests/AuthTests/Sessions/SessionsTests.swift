import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@Suite("Sessions", .serialized, .timeLimit(.minutes(10)))
struct SessionsTests {
    @Test("A refresh token gives another, and an access token of the same session")
    func refresh() async throws {
        try await SignedIn.with { person in
            let renewed = try #require(try await person.renew(person.grant.refreshToken))
            let again = try #require(try await person.renew(renewed.refreshToken))

            #expect(renewed.session == person.grant.session)
            #expect(Set([person.grant, renewed, again].map(\.refreshToken.text)).count == 3)
            #expect(Set([person.grant, renewed, again].map(\.accessToken)).count == 3)
        }
    }

    @Test("Fifty refreshes at once with one token give one successor, and end nothing")
    func fiftyAtOnce() async throws {
        try await SignedIn.with { person in
            try await person.fixture.lengthenGrace()

            let successors = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 {
                    group.addTask(executorPreference: person.fixture.loop) {
                        try await person.renew(person.grant.refreshToken)?.refreshToken.text
                    }
                }
                return try await group.reduce(into: [String?]()) { $0.append($1) }
            }

            #expect(successors.count == 50 && !successors.contains(nil))
            #expect(Set(successors).count == 1)
            #expect(try await person.isLive())
            #expect(try await person.fixture.audit("session.refresh_reuse") == [])
            let next = try await person.renew(RefreshToken(text: successors[0] ?? ""))
            #expect(next != nil)
        }
    }

    @Test("A token used again after its grace ends the session, with all its tokens")
    func reuse() async throws {
        try await SignedIn.with { person in
            let renewed = try #require(try await person.renew(person.grant.refreshToken))
            try await person.fixture.run("UPDATE refresh_token SET used_at = used_at - interval '11 seconds'")

            let thief = try await person.renew(person.grant.refreshToken)
            let victim = try await person.renew(renewed.refreshToken)

            #expect(thief == nil && victim == nil)
            #expect(try await !person.isLive())
            #expect(
                try await person.fixture.audit("session.refresh_reuse") == ["denied \(person.grant.session)"])
            #expect(try await person.revocations() == [person.grant.session])
        }
    }

    @Test("The parent's parent is refused even within the grace")
    func grandparent() async throws {
        try await SignedIn.with { person in
            let renewed = try #require(try await person.renew(person.grant.refreshToken))
            _ = try await person.renew(renewed.refreshToken)

            let thief = try await person.renew(person.grant.refreshToken)

            #expect(thief == nil)
            #expect(try await !person.isLive())
        }
    }

    @Test("Within its grace a token gives the same successor again")
    func grace() async throws {
        try await SignedIn.with { person in
            let first = try #require(try await person.renew(person.grant.refreshToken))
            try await person.fixture.run("UPDATE refresh_token SET used_at = used_at - interval '5 seconds'")

            let second = try #require(try await person.renew(person.grant.refreshToken))

            #expect(second.refreshToken == first.refreshToken)
            #expect(second.accessToken != first.accessToken)
        }
    }

    @Test("A session ends 14 days after its last use, and 60 days after its beginning")
    func expiry() async throws {
        try await SignedIn.with { person in
            try await person.fixture.run(
                "UPDATE session SET last_used_at = last_used_at - interval '13 days 23 hours'")
            let fresh = try #require(try await person.renew(person.grant.refreshToken))
            try await person.fixture.run(
                "UPDATE session SET last_used_at = last_used_at - interval '14 days 1 second'")
            let idle = try await person.renew(fresh.refreshToken)
            try await person.fixture.run(
                "UPDATE session SET last_used_at = clock_timestamp(), expires_at = created_at - interval '1 second'"
            )
            let old = try await person.renew(fresh.refreshToken)
            let lifetime = try await person.fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT count(*) FROM session WHERE revoked_at IS NULL", as: Int.self)
            }

            #expect(idle == nil && old == nil)
            #expect(lifetime == 1)
        }
    }

    @Test("What is no refresh token of ours gives nothing", arguments: ["", "rk_ref_", "x", "rk_inv_abc"])
    func unknown(_ text: String) async throws {
        try await SignedIn.with { person in
            let renewed = try await person.renew(RefreshToken(text: text))
            let access = try await person.renew(RefreshToken(text: person.grant.accessToken))

            #expect(renewed == nil && access == nil)
        }
    }

    @Test("A refreshed token says the role of now, and none is given to who was removed")
    func roleOfNow() async throws {
        try await SignedIn.with { person in
            try await person.fixture.run("UPDATE admin SET role = 'support'")
            let demoted = try #require(try await person.renew(person.grant.refreshToken))
            try await person.fixture.run("DELETE FROM admin")
            let removed = try await person.renew(demoted.refreshToken)

            #expect(demoted.standing.role == .support)
            #expect(removed == nil)
        }
    }

    @Test("While a tenant is suspended its sessions wait, and go on afterwards")
    func suspended() async throws {
        try await SignedIn.with { person in
            try await person.fixture.run("UPDATE tenant SET status = 'suspended'")
            await #expect(throws: Sessions.Refusal.self) { try await person.renew(person.grant.refreshToken) }
            try await person.fixture.run("UPDATE tenant SET status = 'active'")
            let renewed = try await person.renew(person.grant.refreshToken)

            #expect(renewed != nil)
        }
    }

    @Test("A refresh waits for a role that is being changed, and is issued after it")
    func concurrentRoleChange() async throws {
        try await SignedIn.with { person in
            let (fixture, refreshToken) = (person.fixture, person.grant.refreshToken)
            let renewing = try await fixture.database.write(person.tenant.id) { tx in
                try await tx.execute("UPDATE admin SET role = 'support' WHERE tenant_id = \(tx.tenant)")
                let renewing = Task(executorPreference: fixture.loop) { try await person.renew(refreshToken) }
                try await fixture.eventually("the refresh to wait for the role") {
                    try await fixture.superuser.withConnection { connection in
                        try await connection.value(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                            """, as: Int.self)
                    } == 1
                }
                return renewing
            }

            let renewed = try await renewing.value

            #expect(renewed?.standing.role == .support)
        }
    }

    @Test("A password that was changed since it was checked begins no session")
    func passwordChanged() async throws {
        try await SignedIn.with { person in
            let stale = Account.Credentials(account: person.account, passwordHash: "$scrypt$old")

            let error = await #expect(throws: Sessions.Refusal.self) {
                try await person.fixture.database.writePlatform { tx in
                    try await person.sessions.begin(for: stale, in: person.tenant.id, from: .commandLine, tx)
                }
            }

            if case .passwordChanged? = error {
            } else {
                Issue.record("another refusal: \(String(describing: error))")
            }
        }
    }

    @Test("Sessions that are long over are deleted, with their tokens")
    func deleteExpired() async throws {
        try await SignedIn.with { person in
            let before = try await person.fixture.database.writePlatform {
                try await Session.deleteExpired(in: $0)
            }
            try await person.fixture.run(
                "UPDATE session SET expires_at = clock_timestamp() - interval '1 second'")
            let after = try await person.fixture.database.writePlatform {
                try await Session.deleteExpired(in: $0)
            }
            let tokens = try await person.fixture.superuser.withConnection { connection in
                try await connection.value("SELECT count(*) FROM refresh_token", as: Int.self)
            }

            #expect(before == 0 && after == 1 && tokens == 0)
        }
    }

    @Test("No refresh token is stored in the clear, and a sealed successor opens in its own row only")
    func sealed() async throws {
        try await SignedIn.with { person in
            let renewed = try #require(try await person.renew(person.grant.refreshToken))
            let rows = try await person.fixture.superuser.withConnection { connection in
                try await connection.value(
                    "SELECT string_agg(encode(digest, 'escape') || encode(coalesce(successor_sealed, ''), 'escape'), '') FROM refresh_token",
                    as: String.self)
            }
            #expect(rows?.contains("rk_ref_") == false)

            _ = try await person.renew(renewed.refreshToken)
            try await person.fixture.run(
                """
                UPDATE refresh_token SET used_at = clock_timestamp(), successor_sealed = (
                    SELECT successor_sealed FROM refresh_token WHERE digest = \(SHA256.hash(Array(renewed.refreshToken.text.utf8))))
                WHERE digest = \(SHA256.hash(Array(person.grant.refreshToken.text.utf8)))
                """)

            await #expect(throws: SecretBox.Failure.self) {
                try await person.renew(person.grant.refreshToken)
            }
        }
    }
}
