"""Bots of `rookery dev`, whose sandbox forgets them when it ends."""

import database
import web
from api import ok, sign_in
from bots import register
from people import new_tenant, platform_admin
from rookery import Rookery, data_folder, until
from sandbox import Sandbox

# The reconciler looks at all bots as soon as it runs, as after a long pause.
SETTINGS = {"ROOKERY_RECONCILE_SECONDS": "1"}


def test_bots_outlive_a_pause_in_whatever_mode_and_whosever_they_are():
    with data_folder() as folder:
        first = Rookery(folder, SETTINGS)
        try:
            other = new_tenant(platform_admin(first), "Elsewhere")[1]
            for mode in ("webhook", "polling", "hybrid"):
                register(first, other, Sandbox(first.sandbox), mode)
            ok(sign_in(first.api, **first.owner).patch(f"/v1/bots/{first.bot['id']}", {"mode": "polling"}))
            with database.connection(first) as opened:
                # As a kill -9 leaves a bot that is being worked on.
                opened.execute(
                    "UPDATE bot_webhook SET work_id = gen_random_uuid(), work_until = now() + interval '1 hour'")
        finally:
            first.process.end()

        second = Rookery(folder, SETTINGS)
        try:
            platform = platform_admin(second)

            def standings() -> dict[str, dict]:
                return {row["bot_id"]: row for row in ok(platform.get("/v1/health/webhooks"))["data"]}

            before = standings()

            def are_seen() -> bool:
                # Those with a webhook have been asked about; who polls and is not known ends at once.
                return all(row["last_checked_at"] != before[bot]["last_checked_at"] or row["mode"] == "polling"
                           for bot, row in standings().items())

            until(are_seen, 60)
            after = standings()
        finally:
            second.process.end()

        assert second.bot["id"] == first.bot["id"]
        assert all(second.trace.values()), "the demo's message was not answered"
        assert len(after) == 4
        assert {row["status"] for row in after.values()} == {"active"}
        assert {row["transport"] for row in after.values()} == {"webhook", "polling"}


def test_a_demo_bot_that_gets_nothing_is_told_of_and_ends_nothing():
    with data_folder() as folder:
        first = Rookery(folder)
        try:
            owner = sign_in(first.api, **first.owner)
            assert owner.delete(f"/v1/bots/{first.bot['id']}/webhook").status_code == 204
        finally:
            first.process.end()

        second = Rookery(folder)
        try:
            is_healthy = web.get(f"{second.api}/health").status_code == 200
            owner = sign_in(second.api, **second.owner)
            own = register(second, owner, Sandbox(second.sandbox))
            assert owner.delete(f"/v1/bots/{second.bot['id']}").status_code == 204
        finally:
            second.process.end()

        third = Rookery(folder)
        third.process.end()

    assert is_healthy
    assert second.bot["id"] == first.bot["id"]
    assert set(second.trace.values()) == {None}
    # Not the bot that its owner has made.
    assert third.bot["id"] not in (first.bot["id"], own.id)
    assert all(third.trace.values())
