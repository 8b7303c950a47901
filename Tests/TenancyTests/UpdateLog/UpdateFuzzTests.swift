import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("Damaged updates", .serialized, .timeLimit(.minutes(10)))
struct UpdateFuzzTests {
    @Test("No damage crashes the parser", arguments: UInt64(1)...4)
    func parser(_ seed: UInt64) async throws {
        let (accepted, longest) = try await offPool {
            var mutations = UpdateMutations(seed: seed)
            var heads: [UpdateHead] = []
            for _ in 0..<6000 {
                if let head = try? UpdateHead(parsing: mutations.next()) { heads.append(head) }
            }
            return (heads.count, heads.map(\.lane.utf8.count).max() ?? 0)
        }

        #expect(accepted > 100)
        #expect(longest <= 200)
    }

    @Test("What is skimmed is what the decoder reads", arguments: UInt64(11)...14)
    func skimming(_ seed: UInt64) async throws {
        let (skimmed, differing) = try await offPool {
            var mutations = UpdateMutations(seed: seed)
            var skimmed = 0
            var differing: [String] = []
            for _ in 0..<20_000 {
                let bytes = mutations.next()
                guard let head = UpdateHead(skimming: bytes) else { continue }
                skimmed += 1
                if (try? UpdateHead(decoding: bytes)) != head {
                    differing.append(String(decoding: bytes, as: UTF8.self))
                }
            }
            return (skimmed, differing)
        }

        #expect(differing == [])
        #expect(skimmed > 100)
    }

    @Test("What the parser takes, the log takes or refuses alone: its neighbours are stored")
    func appender() async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()
            var mutations = UpdateMutations(seed: 20_261_120)
            var damaged: [NewUpdate] = []
            while damaged.count < 300 {
                let bytes = mutations.next()
                guard let head = try? UpdateHead(parsing: bytes) else { continue }
                damaged.append(
                    NewUpdate(
                        tenant: bot.tenant, bot: bot.id,
                        head: head.numbered(Int64(1_000_000 + damaged.count)), receivedAt: .now,
                        payload: bytes))
            }
            let sound = try (0..<300).map { try fixture.message(Int64($0), to: bot) }

            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for (damaged, sound) in zip(damaged, sound) {
                    group.addTask(executorPreference: fixture.loop) {
                        do {
                            try await appender.append(damaged)
                            return true
                        } catch UpdateAppender.Fault.invalidPayload {
                            return false
                        }
                    }
                    group.addTask(executorPreference: fixture.loop) {
                        try await appender.append(sound)
                        return true
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            let stored = try await fixture.count("SELECT count(*) FROM update_log")
            let soundOnes = try await fixture.count("SELECT count(*) FROM update_log WHERE update_id < 300")
            #expect(stored == outcomes.filter { $0 }.count)
            #expect(soundOnes == 300)
        }
    }

    @Test(
        "One that the database refuses is answered so, and its batch is stored without it",
        arguments: [
            Array(#"{"update_id":1,"message":{"text":"\#u{0}"}}"#.utf8),
            Array("\u{FEFF}{\"update_id\":50}".utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
            Array(#"{"update_id":1,"message":{"text":""#.utf8) + [0xC0, 0x80] + Array(#""}}"#.utf8),
            Array(#"{"update_id":1,"message":{"text":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}}"#.utf8),
        ])
    func poison(_ payload: [UInt8]) async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let appender = fixture.appender()
            let head = try UpdateHead(parsing: Array(#"{"update_id":50,"message":{}}"#.utf8))
            let parsed = (try? UpdateHead(parsing: payload))?.numbered(50)
            let poison = NewUpdate(
                tenant: bot.tenant, bot: bot.id, head: parsed ?? head, receivedAt: .now, payload: payload)
            let sound = try (100..<120).map { try fixture.message($0, to: bot) }

            let refusals = await withTaskGroup(of: Bool.self) { group in
                for update in sound[..<10] + [poison] + sound[10...] {
                    group.addTask(executorPreference: fixture.loop) {
                        do {
                            try await appender.append(update)
                            return false
                        } catch UpdateAppender.Fault.invalidPayload {
                            return update.head.updateID == 50
                        } catch {
                            return false
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }

            #expect(refusals == 1)
            #expect(try await fixture.count("SELECT count(*) FROM update_log") == 20)
        }
    }

    @Test(
        "Escapes that only jsonb refuses are stored as they came",
        arguments: [
            #""text":"\u0000""#, #""text":"\ud800""#, #""text":"\udc00\ud800""#, #""\u0000":1"#,
            #""a":1,"a":2"#,
        ])
    func opaque(_ member: String) async throws {
        try await Fixture.with { fixture in
            let bot = try await fixture.bot(in: fixture.tenant())
            let payload = #"{"update_id":1, "message": {\#(member)}}"#
            let head = try UpdateHead(parsing: Array(#"{"update_id":1,"message":{}}"#.utf8))

            try await fixture.appender().append(
                NewUpdate(
                    tenant: bot.tenant, bot: bot.id, head: head, receivedAt: .now,
                    payload: Array(payload.utf8)))

            let stored = try await fixture.superuser.withConnection { connection in
                try await connection.value("SELECT payload FROM update_log", as: JSONBytes.self)
            }
            #expect(stored?.bytes == Array(payload.utf8))
        }
    }
}

extension UpdateHead {
    /// The same with another update_id.
    func numbered(_ updateID: Int64) -> UpdateHead {
        UpdateHead(updateID: updateID, kind: kind, lane: lane, chatID: chatID, timeToLive: timeToLive)
    }
}

extension Fixture {
    /// As a superuser: past every policy.
    func count(_ sql: SQL) async throws -> Int {
        let count = try await superuser.withConnection { try await $0.value(sql, as: Int64.self) }
        return Int(count ?? -1)
    }

    @discardableResult
    func tamper(_ sql: SQL) async throws -> Int {
        try await superuser.withConnection { try await $0.execute(sql) }
    }
}
