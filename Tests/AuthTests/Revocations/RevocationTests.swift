import Platform
import Tenancy
import TestSupport
import Testing

@testable import Auth

@Suite("Revocations")
struct RevocationTests {
    @Test("A token ends on every node when its session, admin, account or tenant is revoked")
    func everySubject() async throws {
        try await Fixture.with { fixture in
            let nodes = [try await fixture.node(), try await fixture.node()]
            for subject in 0..<4 {
                let person = try await fixture.admin(in: fixture.tenant())
                let bystander = try await fixture.admin(in: fixture.tenant())
                let tokens = [
                    try await fixture.token(for: person, by: nodes[0]),
                    try await fixture.token(for: bystander, by: nodes[0]),
                ]
                for node in nodes { for token in tokens { _ = try await node.caller(of: token) } }

                try await fixture.database.write(person.tenant!) { tx in
                    switch subject {
                    case 0: try await Revocation.add(person.session, in: tx)
                    case 1: try await Revocation.add(person.admin!, in: tx)
                    case 2: try await Revocation.add(person.account, in: tx)
                    default: try await Revocation.add(person.tenant!, in: tx)
                    }
                }
                for node in nodes { try await node.upkeep.refresh() }

                let later = try await fixture.token(for: person, by: nodes[0])
                for node in nodes {
                    await #expect(throws: Authenticator.Failure.invalidToken) {
                        try await node.caller(of: tokens[0])
                    }
                    #expect(try await node.caller(of: tokens[1]).account == bystander.account)
                    #expect(try await node.caller(of: later).account == person.account)
                }
            }
        }
    }

    @Test("A node that runs hears of a revocation within a second")
    func withinASecond() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let running = Task(executorPreference: fixture.loop) { await node.upkeep.run() }
            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: node)
            _ = try await node.caller(of: token)

            try await fixture.database.write(person.tenant!) { tx in
                try await Revocation.add(person.session, in: tx)
            }

            try await fixture.eventually("the end of the token") {
                (try? await node.caller(of: token)) == nil
            }
            #expect(CredentialUpkeep.interval <= .seconds(1))
            running.cancel()
            await running.value
        }
    }

    @Test("A token that is seen for the first time after its revocation is refused, too")
    func unseen() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: node)

            try await fixture.database.write(person.tenant!) { tx in
                try await Revocation.add(person.session, in: tx)
            }
            let late = try await fixture.node()

            await #expect(throws: Authenticator.Failure.invalidToken) { try await late.caller(of: token) }
        }
    }

    @Test("A revocation whose transaction took long is found")
    func slowCommit() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            let person = try await fixture.admin(in: fixture.tenant())
            let token = try await fixture.token(for: person, by: node)

            try await fixture.database.write(person.tenant!) { tx in
                try await Revocation.add(person.session, in: tx)
                try await node.upkeep.refresh()
            }
            let before = try await node.caller(of: token)
            try await node.upkeep.refresh()

            #expect(before.account == person.account)
            await #expect(throws: Authenticator.Failure.invalidToken) { try await node.caller(of: token) }
        }
    }

    @Test("A list that could not be refreshed for 15 seconds lets nobody in")
    func outdated() {
        let list = RevocationList()
        let now = ContinuousClock.now

        #expect(throws: RevocationList.Outdated.self) { try list.generation(at: now) }
        list.apply([], isAll: true, askedAt: now)

        #expect(throws: Never.self) { try list.generation(at: now + .seconds(15)) }
        #expect(throws: RevocationList.Outdated.self) { try list.generation(at: now + .seconds(15.1)) }
    }

    @Test("What was issued before the revocation, or at the same moment, is revoked; what came later is not")
    func moments() throws {
        let list = RevocationList()
        let subject = ID<Session>().uuid
        let moment = Timestamp.now
        list.apply([], isAll: true, askedAt: .now)
        let before = try list.generation()

        list.apply(
            [Revoked(subject: subject, at: moment), Revoked(subject: subject, at: moment - .seconds(1))],
            isAll: false, askedAt: .now)

        #expect(try list.generation() != before)
        #expect(list.isRevoked([ID<Session>().uuid, subject], issuedAt: moment - .microseconds(1)))
        #expect(list.isRevoked([subject], issuedAt: moment))
        #expect(!list.isRevoked([subject], issuedAt: moment + .microseconds(1)))
        #expect(list.isRevoked([subject], issuedAt: nil))
        #expect(!list.isRevoked([ID<Session>().uuid], issuedAt: nil))
    }

    @Test("A full reading forgets what is old; a partial one does not")
    func forgets() {
        let list = RevocationList()
        let (old, new) = (ID<Session>().uuid, ID<Session>().uuid)
        list.apply([Revoked(subject: old, at: .now)], isAll: true, askedAt: .now)

        list.apply([Revoked(subject: new, at: .now)], isAll: false, askedAt: .now)
        let kept = list.isRevoked([old], issuedAt: nil)
        list.apply([Revoked(subject: new, at: .now)], isAll: true, askedAt: .now)

        #expect(kept)
        #expect(!list.isRevoked([old], issuedAt: nil))
        #expect(list.isRevoked([new], issuedAt: nil))
    }

    @Test("Revocations older than any token are deleted")
    func deleted() async throws {
        try await Fixture.with { fixture in
            let node = try await fixture.node()
            _ = try await fixture.superuser.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO revocation (tenant_id, subject_id, revoked_at)
                    VALUES (\(ID<Tenant>.platform), \(ID<Session>()), clock_timestamp() - interval '1 hour'),
                        (\(ID<Tenant>.platform), \(ID<Session>()), clock_timestamp())
                    """)
            }

            let running = Task(executorPreference: fixture.loop) { await node.upkeep.run() }

            try await fixture.eventually("one row") {
                try await fixture.superuser.withConnection { connection in
                    try await connection.value("SELECT count(*) FROM revocation", as: Int64.self)
                } == 1
            }
            running.cancel()
            await running.value
        }
    }
}
