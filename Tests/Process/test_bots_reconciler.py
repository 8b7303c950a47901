"""Bots stay connected by themselves: what is wrong is seen within an interval, and mended where it can be."""

import signal
import time
from datetime import datetime

import pytest

from api import Caller, assert_problem, ok
from bots import Bot, register, wait_for_checks
from database import connection, log_of, refused
from people import new_tenant, platform_admin
from rookery import node_beside, until
from sandbox import Sandbox
from updates import new_chat

INTERVAL = 2


@pytest.fixture(scope="module")
def sandbox(watchful) -> Sandbox:
    return Sandbox(watchful.sandbox)


@pytest.fixture(scope="module")
def platform(watchful) -> Caller:
    return platform_admin(watchful)


@pytest.fixture(scope="module")
def owner(platform) -> Caller:
    return new_tenant(platform, "Watched birds")[1]


@pytest.fixture
def bot(watchful, owner, sandbox):
    """Makes bots that end with the test."""
    made: list[Bot] = []

    def make(mode: str = "webhook", by: Caller = owner, **more) -> Bot:
        made.append(register(watchful, by, sandbox, mode, **more))
        return made[-1]

    yield make
    for one in made:
        one.telegram.clear_faults()
        one.owner.delete(one.path)


def soon() -> int:
    """A moment after whatever was just set, in Unix time."""
    return int(time.time()) + 1


def test_whatever_is_wrong_with_a_webhook_is_mended(bot):
    gone, moved, failing, waiting = (bot() for _ in range(4))
    before = {one.id: one.telegram.count("setWebhook") for one in (gone, moved, failing, waiting)}

    gone.telegram.set_foreign_webhook("")
    moved.telegram.set_foreign_webhook(f"{moved.rookery.api}/telegram/webhook/{gone.id}")
    failing.telegram.say_of_webhook(last_error_date=soon(), last_error_message="Connection timed out")
    waiting.telegram.say_of_webhook(pending_update_count=101)

    for one in (gone, moved, failing, waiting):
        one.wait_for(lambda it: it["webhook"]["last_repaired_at"] and it["webhook"]["state"] == "healthy")
        assert one.telegram.webhook == one.url
        assert one.telegram.count("setWebhook") > before[one.id]
        assert "webhook.repair" in one.actions()
    for one in (failing, waiting):
        status = ok(one.owner.get(f"{one.path}/webhook"))
        assert (status["pending_update_count"], status["last_error_date"]) == (0, None)


def test_what_is_not_wrong_or_not_wanted_is_left_alone(bot):
    well, long_ago, few, unwatched, deleted = (bot(auto_refresh=index != 3) for index in range(5))
    before = {one.id: one.telegram.count("setWebhook") for one in (well, long_ago, few, unwatched, deleted)}

    long_ago.telegram.say_of_webhook(last_error_date=soon() - 3700, last_error_message="Connection timed out")
    few.telegram.say_of_webhook(pending_update_count=100)
    unwatched.telegram.set_foreign_webhook("")
    assert deleted.owner.delete(f"{deleted.path}/webhook").status_code == 204

    wait_for_checks(3, well, long_ago, few)
    for one in (well, long_ago, few, unwatched, deleted):
        assert one.telegram.count("setWebhook") == before[one.id], one.show()
    assert well.webhook()["state"] == "healthy"
    assert (unwatched.telegram.webhook, deleted.telegram.webhook) == (None, None)
    assert deleted.webhook()["state"] == "not_set"


def test_an_error_that_is_our_doing_is_told_and_not_mended(watchful, platform, sandbox, bot):
    made, owner = new_tenant(platform, "Limited birds")
    one = bot(by=owner)
    ok(platform.patch(f"/v1/platform/tenants/{made['id']}", {"limits": {"ingest_per_minute_per_bot": 1}}))

    def is_limited() -> bool:
        one.telegram.write(new_chat(), "too much")
        return refused(watchful, one.id, "limited") > 0

    until(is_limited, 60)
    # One that began before may still be under way.
    wait_for_checks(2, one)
    before = one.telegram.count("setWebhook")
    one.telegram.say_of_webhook(last_error_date=soon(), last_error_message="Wrong response from the webhook: 429")

    wait_for_checks(3, one)
    found = one.wait_for(lambda it: "on this side" in (it["webhook"]["reason"] or ""))
    assert one.telegram.count("setWebhook") == before
    assert found["webhook"]["state"] != "healthy"


def test_a_webhook_of_somebody_else_is_an_alarm_and_replaced_only_on_its_owners_word(bot):
    one = bot()
    before = one.telegram.count("setWebhook")

    one.telegram.set_foreign_webhook(f"http://127.0.0.1:9/thief/{one.telegram.token}")
    found = one.wait_for(lambda it: it["webhook"]["state"] == "conflict")
    wait_for_checks(2, one)

    assert one.telegram.count("setWebhook") == before
    assert "127.0.0.1" in found["webhook"]["reason"]
    assert "thief" not in str(one.show()) + str(ok(one.owner.get(f"{one.path}/webhook")))
    assert one.actions().count("webhook.conflict") == 1
    one.patch(take_over=True)
    one.wait_for(lambda it: it["webhook"]["state"] == "healthy")
    assert one.telegram.webhook == one.url
    assert "webhook.take_over" in one.actions()


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_a_revoked_token_ends_the_work_until_there_is_a_new_one(bot, mode):
    one = bot(mode)
    one.telegram.revoke()

    one.wait_for(lambda it: it["status"] == "token_revoked")
    old = one.telegram.count()
    # The new token has not been used by anybody: calls with the old one are recorded nowhere.
    assert one.show()["transport"] == "none"
    assert "bot.status" in one.actions()

    assert ok(one.owner.send("PUT", f"{one.path}/token", json={"token": one.telegram.token}))["status"] == "active"

    one.wait_for(lambda it: it["transport"] == mode)
    assert one.telegram.count() > old
    update = one.telegram.write(new_chat(), "here again")
    until(lambda: update in [row[0] for row in log_of(one.rookery, one.id)], 30)


def test_a_bot_that_telegram_refuses_is_left_alone(bot):
    one = bot()
    one.telegram.fault(403, description="Forbidden: bot was deleted")

    one.wait_for(lambda it: it["status"] == "blocked")
    before = one.telegram.count()
    wait_for_checks(3, bot())

    assert one.telegram.count() == before
    assert "bot.status" in one.actions()


def test_who_is_told_to_wait_waits_and_the_others_do_not(bot):
    stormy, polling, other = bot(), bot("polling"), bot()
    until(lambda: polling.telegram.is_polling, 30)
    for one in (stormy, polling):
        one.telegram.fault(429, retry_after=3)
    stormy.telegram.set_foreign_webhook("")
    # It ends the long poll.
    polling.telegram.write(new_chat(), "while it storms")
    began, before = time.monotonic(), {one.id: one.telegram.count() for one in (stormy, polling)}

    wait_for_checks(4, other)
    storm = time.monotonic() - began
    met = {one.id: one.telegram.count() - before[one.id] for one in (stormy, polling)}
    for one in (stormy, polling):
        one.telegram.clear_faults()

    assert all(count <= storm / 3 + 3 for count in met.values()), (met, storm)
    stormy.wait_for(lambda it: it["webhook"]["state"] == "healthy")
    until(lambda: stormy.telegram.webhook == stormy.url and polling.telegram.pending == 0, 30)
    assert len(log_of(polling.rookery, polling.id)) == 1


def test_an_outage_of_telegram_marks_no_bot_and_ends_by_itself(watchful, owner, sandbox, bot):
    well, broken, polling = bot(), bot(), bot("polling")
    until(lambda: polling.telegram.is_polling, 30)
    broken.telegram.set_foreign_webhook("")
    bots = {one.telegram.telegram_id: one for one in (well, broken, polling)}
    before = sandbox.mark()
    began = time.monotonic()

    with sandbox.outage():
        meanwhile = {one.id: one.telegram.write(new_chat(), "in the dark") for one in (well, polling)}
        until(lambda: meanwhile[well.id] in [row[0] for row in log_of(watchful, well.id)], 30)
        refused_then = owner.post("/v1/bots", {"token": sandbox.create_bot().token, "mode": "webhook"})
        asked = ok(owner.get(f"{well.path}/webhook"))
        until(lambda: time.monotonic() - began > 60, 90)
        dark = time.monotonic() - began
        calls = [call for call in sandbox.calls(after=before) if call["telegram_id"] in bots]
        statuses = [one.show()["status"] for one in bots.values()]

    assert_problem(refused_then, 503, "telegram_unavailable")
    assert asked["url"] == well.url and asked["reason"]
    assert statuses == ["active"] * 3
    # Each as often as in good times, and a little more.
    assert len(calls) <= 3 * (dark / INTERVAL * 2 + 5), [call["method"] for call in calls]
    until(lambda: meanwhile[polling.id] in [row[0] for row in log_of(watchful, polling.id)], 120)
    until(lambda: broken.telegram.webhook == broken.url, 120)
    assert [one.show()["status"] for one in bots.values()] == ["active"] * 3


def test_a_hybrid_bot_polls_while_its_webhook_fails_and_goes_back(watchful, bot):
    one = bot("hybrid")
    assert one.made["transport"] == "webhook"

    one.telegram.fail_deliveries("refused")
    update = one.telegram.write(new_chat(), "does anybody hear me?")

    one.wait_for(lambda it: it["transport"] == "polling", 60)
    until(lambda: update in [row[0] for row in log_of(watchful, one.id)], 30)
    one.telegram.let_deliveries_pass()
    one.wait_for(lambda it: it["transport"] == "webhook", 90)
    assert one.telegram.webhook == one.url
    assert one.actions().count("bot.transport") >= 2
    update = one.telegram.write(new_chat(), "and now?")
    until(lambda: update in [row[0] for row in log_of(watchful, one.id)], 30)


def test_when_the_node_that_checks_ends_another_goes_on(watchful, bot, free_port):
    one = bot()
    with node_beside(watchful, free_port) as node:

        def has_taken_over() -> bool:
            log = node.process.log.read_text(errors="replace")
            if '"this node runs the jobs of a lease","lease":"bots"' in log:
                return True
            # As if whoever has them had died.
            with connection(watchful) as opened:
                opened.execute("UPDATE job_lease SET node_id = gen_random_uuid(), expires_at = now()")
            return False

        until(has_taken_over, 60, node.process.tail)
        wait_for_checks(2, one)
        node.process.signal(signal.SIGKILL)
        node.process.wait(10)

        # It died while it looked at the bot: as if the right to work on it had run out, which takes 90 s.
        with connection(watchful) as opened:
            opened.execute("UPDATE bot_webhook SET work_until = '-infinity'")
        wait_for_checks(3, one)


def test_two_nodes_check_each_bot_once_an_interval(watchful, sandbox, bot, free_port):
    bots = {one.telegram.telegram_id: one for one in (bot() for _ in range(5))}
    with node_beside(watchful, free_port):
        before = sandbox.mark()
        wait_for_checks(6, *bots.values())
        calls = sandbox.calls("getWebhookInfo", after=before)

    for number, one in bots.items():
        times = [datetime.fromisoformat(call["at"]).timestamp() for call in calls if call["telegram_id"] == number]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        assert min(gaps) > INTERVAL * 0.8 - 0.1, f"{one.id} was checked twice: {gaps}"
