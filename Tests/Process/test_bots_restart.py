"""A node that is killed in the middle of work on bots: whoever comes after it finishes what was begun."""

import signal
import socket
import threading
from dataclasses import dataclass

import httpx
import pytest

from api import Caller, ok
from bots import Bot, register
from database import let_time_pass, refused
from people import new_tenant, platform_admin
from rookery import Rookery, data_folder, until
from sandbox import Sandbox, SandboxBot, alone
from updates import new_chat
from writers import Writers, assert_logged_once_in_order

IMPORTED = 80


def settings(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """The same address after a restart: that is where the webhooks point."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return {"ROOKERY_TELEGRAM_API_URL": sandbox.url, "ROOKERY_LISTEN": f"127.0.0.1:{port}"} | more


def kill(rookery: Rookery) -> None:
    rookery.process.signal(signal.SIGKILL)
    rookery.process.wait(10)


def restart(rookery: Rookery) -> Rookery:
    again = Rookery(rookery.data_folder, rookery.settings)
    # What the dead node held runs out in a minute and a half; here it has.
    let_time_pass(again, 120)
    return again


def in_background(ask) -> threading.Thread:
    """A request whose answer never comes."""
    def run() -> None:
        try:
            ask()
        except httpx.HTTPError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@dataclass
class Aftermath:
    rookery: Rookery
    owner: Caller
    sandbox: Sandbox
    joining: SandboxBot
    leaving: Bot
    rotating: Bot
    removed: Bot
    polling: Bot
    written: dict[str, dict[int, list[int]]]
    import_path: str
    imported: list[SandboxBot]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """A node was killed while it registered a bot, switched one's mode, rotated one's secret, removed one, fetched the
    updates of one, imported many, and while Telegram was out."""
    with alone(tmp_path_factory.mktemp("telegram")) as sandbox, data_folder() as folder:
        values = settings(sandbox, ROOKERY_RECONCILE_SECONDS="2", ROOKERY_ONBOARDING_PER_MINUTE="600")
        rookery = Rookery(folder, values)
        try:
            owner = new_tenant(platform_admin(rookery), "Survivors")[1]
            leaving, rotating, removed = (register(rookery, owner, sandbox) for _ in range(3))
            polling = register(rookery, owner, sandbox, "polling")
            joining = sandbox.create_bot()
            imported = [sandbox.create_bot() for _ in range(IMPORTED)]
            running = ok(owner.post("/v1/bot-imports", {"bots": [{"token": one.token} for one in imported], "mode": "webhook"}))
            import_path = f"/v1/bot-imports/{running['id']}"
            writers = {one.id: Writers(one.telegram, chats=5, per_second=40, threads=1) for one in (leaving, rotating, polling)}
            for one in writers.values():
                one.wait_for(20)
            until(lambda: ok(owner.get(import_path))["registered"] >= IMPORTED // 4, 60)

            for one, method in ((joining, "setWebhook"), (leaving.telegram, "deleteWebhook"),
                                (rotating.telegram, "setWebhook"), (removed.telegram, "deleteWebhook")):
                one.fault("timeout", method=method, count=1, seconds=300)
            before = rotating.telegram.count("setWebhook")
            requests = [
                in_background(lambda: Caller(owner.api, owner.token).post(
                    "/v1/bots", {"token": joining.token, "mode": "webhook"})),
                in_background(lambda: Caller(owner.api, owner.token).patch(leaving.path, {"mode": "polling"})),
                in_background(lambda: Caller(owner.api, owner.token).post(f"{rotating.path}/webhook/rotate-secret")),
                in_background(lambda: Caller(owner.api, owner.token).delete(removed.path)),
            ]
            joining.calls("setWebhook")
            leaving.telegram.calls("deleteWebhook")
            rotating.telegram.calls("setWebhook", before + 1)
            removed.telegram.calls("deleteWebhook")

            kill(rookery)
            for request in requests:
                request.join(30)
            with sandbox.outage():
                rookery = restart(rookery)
            written = {id: one.stop() for id, one in writers.items()}
            owner.api = rookery.api
            for one in (leaving, rotating, removed, polling):
                one.rookery = rookery
            yield Aftermath(rookery, owner, sandbox, joining, leaving, rotating, removed, polling, written, import_path, imported)
        finally:
            rookery.process.end()


def test_a_registration_that_was_cut_off_is_finished(aftermath):
    rows = [row for row in aftermath.owner.everything("/v1/bots") if row["telegram_id"] == aftermath.joining.telegram_id]

    assert len(rows) == 1
    bot = Bot(aftermath.rookery, aftermath.owner, aftermath.joining, rows[0])
    until(lambda: bot.telegram.webhook == bot.url, 60)
    bot.wait_for(lambda it: it["transport"] == "webhook" and it["webhook"]["state"] == "healthy")


def test_a_switch_that_was_cut_off_is_finished_and_nothing_is_lost(aftermath):
    one = aftermath.leaving

    one.wait_for(lambda it: it["transport"] == "polling", 60)

    assert one.telegram.webhook is None
    assert_logged_once_in_order(aftermath.rookery, one.id, aftermath.written[one.id])


def test_a_rotation_that_was_cut_off_rejects_no_update(aftermath):
    one = aftermath.rotating

    # Telegram sends again what was refused while there was no node, at the latest after two minutes.
    one.telegram.let_deliveries_pass()

    assert_logged_once_in_order(aftermath.rookery, one.id, aftermath.written[one.id])
    assert refused(aftermath.rookery, one.id, "wrong_secret") == 0
    assert one.telegram.webhook == one.url


def test_a_removal_that_was_cut_off_can_be_asked_for_again(aftermath):
    answer = aftermath.owner.delete(aftermath.removed.path)

    assert answer.status_code in (204, 404)
    assert aftermath.owner.get(aftermath.removed.path).status_code == 404
    assert aftermath.removed.telegram.webhook is None


def test_what_was_fetched_when_the_node_died_is_logged_once(aftermath):
    one = aftermath.polling

    assert_logged_once_in_order(aftermath.rookery, one.id, aftermath.written[one.id])
    until(lambda: one.telegram.pending == 0, 30)


def test_an_import_that_was_cut_off_goes_on(aftermath):
    path = aftermath.import_path

    until(lambda: ok(aftermath.owner.get(path))["status"] == "finished", 90, lambda: ok(aftermath.owner.get(path)))

    done = ok(aftermath.owner.get(path))
    assert (done["total"], done["registered"], done["failed"], done["waiting"]) == (IMPORTED, IMPORTED, 0, 0)
    items = aftermath.owner.everything(f"{path}/items")
    assert len({item["bot_id"] for item in items}) == IMPORTED
    wanted = {item["telegram_id"]: item["bot_id"] for item in items}
    for one in aftermath.imported:
        until(lambda: (one.webhook or "").endswith(f"/telegram/webhook/{wanted[one.telegram_id]}"), 30)


# Telegram's time runs a hundred times as fast here, and so does the onboarding.

BOTS = 1000
SPEED = 100


def test_a_thousand_bots_are_onboarded_within_telegrams_limit(tmp_path):
    # Its hour has only 36 s here and Rookery's a whole one, so only the minute is to be kept.
    options = ("--speed", str(SPEED), "--new-tokens-per-minute", "20", "--new-tokens-per-hour", "1000000")
    with alone(tmp_path, *options) as sandbox, data_folder() as folder:
        rookery = Rookery(folder, settings(sandbox, ROOKERY_ONBOARDING_PER_MINUTE=str(15 * SPEED)))
        try:
            owner = Caller(rookery.api, rookery.api_key)
            tokens = [sandbox.create_bot().token for _ in range(BOTS)]

            begun = owner.post("/v1/bot-imports", {"bots": [{"token": token} for token in tokens], "mode": "webhook"})

            assert begun.status_code == 202
            path = begun.headers["location"]
            until(lambda: 0 < ok(owner.get(path))["registered"] < BOTS, 60)
            assert ok(owner.get(path))["estimated_finish_at"]
            until(lambda: ok(owner.get(path))["status"] == "finished", 150, lambda: ok(owner.get(path)))
            done, counts = ok(owner.get(path)), sandbox.counts()
            assert (done["registered"], done["failed"]) == (BOTS, 0)
            assert counts["setwebhook"]["200"] == BOTS
            # A machine that stalls hands some over together; none is lost by it.
            assert counts["getme"].get("429", 0) <= BOTS // 50, counts
        finally:
            rookery.process.end()
