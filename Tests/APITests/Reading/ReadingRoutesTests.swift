import Auth
import Platform
import Tenancy
import TestSupport
import Testing

@testable import API

@Suite("Bots, updates and consumers", .serialized, .timeLimit(.minutes(10)))
struct ReadingRoutesTests {
    private static let consumers = Consumers(
        destinations: DestinationRule(addressGuard: AddressGuard(allowsPrivate: false)))

    @Test("Bots and consumers are listed newest first, and another tenant's are not there")
    func lists() async throws {
        try await Fixture.with { fixture in
            let (owner, stranger) = (try await Visitor(fixture), try await Visitor(fixture))
            let client = try HTTPClient(loop: fixture.loop, addressGuard: AddressGuard(allowsPrivate: true))
            defer { client.close() }
            let handlers = Bots(connector: connector(fixture, client), isDevelopment: false)
            let first = try await fixture.bot(in: owner.tenant)
            let second = try await fixture.bot(in: owner.tenant)
            let consumer = try await fixture.consumer(of: first, url: "https://example.com/x")
            let path = ["bot_id": "\(first.id)", "consumer_id": "\(consumer.id)"]

            let bots = try ListAnswer(try await handlers.list(owner.call("/v1/bots")))
            let consumers = try ListAnswer(
                try await Self.consumers.list(owner.call("/v1/bots/x/consumers", parameters: path)))
            let shown = try await Self.consumers.show(owner.call("/v1/consumers/x", parameters: path))

            #expect(bots.values("id") == [.string("\(second.id)"), .string("\(first.id)")])
            #expect(consumers.values("cursor") == [.number("0")])
            #expect(consumers.values("bot_id") == [.string("\(first.id)")])
            #expect(shown.headers["ETag"] != nil)
            #expect(try ListAnswer(try await handlers.list(stranger.call("/v1/bots"))).data.isEmpty)
            for handler in [handlers.show, Self.consumers.list, Self.consumers.show, Updates.list] {
                let code = await problem { try await handler(stranger.call("/v1/x", parameters: path)) }
                #expect(code == "404 not_found")
            }
        }
    }

    private func connector(_ fixture: Fixture, _ client: HTTPClient) -> BotConnector {
        BotConnector(
            loop: fixture.loop, database: fixture.database,
            telegram: BotAPIClient(client: client, baseURL: "http://127.0.0.1:9"), secrets: fixture.bots,
            address: PublicAddress("https://rookery.test"), events: .none, schedule: CheckSchedule())
    }

    @Test("A consumer's tag moves with its cursor, and with its bot it is gone")
    func consumer() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            let bot = try await fixture.bot(in: owner.tenant)
            let consumer = try await fixture.consumer(of: bot, url: "https://example.com/x")
            func show(_ tag: String? = nil) async throws -> HTTPResponse {
                try await Self.consumers.show(
                    owner.call(
                        "/v1/consumers/x", parameters: ["consumer_id": "\(consumer.id)"],
                        headers: tag.map { ["If-None-Match": $0] } ?? [:]))
            }
            func change(_ sql: SQL) async throws {
                _ = try await fixture.superuser.withConnection { try await $0.execute(sql) }
            }

            let tag = try await show().headers["ETag"]
            let known = try await show(tag)
            try await change("UPDATE consumer_cursor SET position = 7 WHERE consumer_id = \(consumer.id)")
            let moved = try await show(tag)
            try await change(
                """
                UPDATE bot SET status = 'deleted', token_sealed = NULL, webhook_secrets = '{}'
                WHERE id = \(bot.id)
                """)
            let gone = await problem { try await show() }

            #expect(known.status == 304 && moved.status == 200)
            #expect(moved.headers["ETag"] != tag)
            #expect(gone == "404 not_found")
        }
    }

    @Test("Updates come newest first with Telegram's bytes, page by page, filtered by kind, chat and time")
    func updates() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            let bot = try await fixture.bot(in: owner.tenant)
            let appender = fixture.appender()
            for number in 1...5 {
                try await appender.append(fixture.message(Int64(number), chat: Int64(number % 2), to: bot))
            }
            try await appender.append(fixture.update(#"{"update_id":6, "poll":{"id":"1"}}"#, to: bot))
            let path = ["bot_id": "\(bot.id)"]
            func list(_ query: String?) async throws -> ListAnswer {
                try ListAnswer(
                    try await Updates.list(owner.call("/v1/bots/x/updates", query, parameters: path)))
            }

            let first = try await list("limit=4")
            let rest = try await list("limit=4&cursor=\(first.next ?? "")")

            #expect(first.values("update_id") == ["6", "5", "4", "3"].map { .number($0) })
            #expect(first.hasMore && !rest.hasMore && rest.next == nil)
            #expect(rest.values("update_id") == [.number("2"), .number("1")])
            #expect(try await list("kind=poll").values("update_id") == [.number("6")])
            #expect(
                try await list("chat_id=0&kind=message").values("update_id") == [.number("4"), .number("2")])
            let now = Timestamp.now
            let before = (now - .seconds(60)).description
            let after = (now + .seconds(60)).description
            #expect(try await list("received_at[gte]=\(before)&received_at[lt]=\(after)").data.count == 6)
            #expect(try await list("received_at[lt]=\(before)").data.isEmpty)
            #expect(try await list("received_at[gte]=\(after)").data.isEmpty)
            for wrong in ["chat_id=x", "received_at[gte]=yesterday", "kind=%00", "kind=", "limit=0"] {
                let code = await problem {
                    try await Updates.list(owner.call("/v1/bots/x/updates", wrong, parameters: path))
                }
                #expect(code == "400 invalid_parameter", "\(wrong)")
            }
            let update = try await Updates.show(
                owner.call("/v1/x", parameters: ["bot_id": "\(bot.id)", "update_id": "6"]))
            guard case .bytes(let bytes) = update.body else { throw TimedOut("a body") }
            #expect(
                String(decoding: bytes, as: UTF8.self).hasSuffix(
                    #""payload":{"update_id":6, "poll":{"id":"1"}}}"#))
            for wrong in ["7", "06", "x", "99999999999999999999"] {
                let code = await problem {
                    try await Updates.show(
                        owner.call("/v1/x", parameters: ["bot_id": "\(bot.id)", "update_id": wrong]))
                }
                #expect(code == "404 not_found")
            }
        }
    }

    @Test("A filter that matches hardly anything gives short pages, and misses nothing")
    func window() async throws {
        try await Fixture.with { fixture in
            let owner = try await Visitor(fixture)
            let bot = try await fixture.bot(in: owner.tenant)
            let appender = fixture.appender()
            for number in 1...7 {
                try await appender.append(
                    fixture.message(Int64(number), chat: number == 2 ? 2 : 1, to: bot))
            }
            var filter = UpdateLog.Filter()
            filter.chatID = 2

            var (pages, next): ([[Int64]], Int64?) = ([], nil)
            repeat {
                let (position, wanted) = (next, filter)
                let listing = try await fixture.database.read(owner.tenant.id) { tx in
                    try await UpdateLog.list(
                        bot.id, wanted, before: position, limit: 5, lookingThrough: 3, in: tx)
                }
                pages.append(listing.updates.map(\.updateID))
                next = listing.next
            } while next != nil && pages.count < 10

            #expect(pages == [[], [2], []])
        }
    }
}
