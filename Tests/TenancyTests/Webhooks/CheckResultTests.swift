import Platform
import TestSupport
import Testing

@testable import Tenancy

@Suite("What checks have found", .timeLimit(.minutes(10)))
struct CheckResultTests {
    @Test("What the database does not take at first is written when it does")
    func savedLater() async throws {
        try await ConnectorRun.with { run in
            let bot = try await run.newBot(.webhook)
            try await run.look(at: bot)
            try await run.fixture.tamper("CREATE SEQUENCE refused")
            try await run.fixture.tamper("GRANT USAGE ON refused TO PUBLIC")
            try await run.fixture.tamper(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM nextval('refused'); RAISE EXCEPTION 'no'; END $$
                """)
            try await run.fixture.tamper(
                """
                CREATE TRIGGER refuse BEFORE UPDATE ON bot_webhook FOR EACH ROW
                    WHEN (OLD.work_id IS NOT NULL AND NEW.work_id IS NULL) EXECUTE FUNCTION refuse()
                """)
            try await run.expediteAll(in: bot.tenant)

            try await run.whileReconciling(1) {
                // One that is not kept is refused once or twice: when it is found, and when it is put off.
                try await run.fixture.eventually("several refusals", within: BotWork.time / 2) {
                    try await run.fixture.count("SELECT last_value FROM refused WHERE is_called") >= 4
                }
                try await run.fixture.tamper("DROP TRIGGER refuse ON bot_webhook")

                // Before the claim runs out.
                try await run.fixture.eventually("the result", within: BotWork.time / 2) {
                    try await run.standing(of: bot).webhook.lastCheckedAt != nil
                }
            }
        }
    }
}
