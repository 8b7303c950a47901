"""A bot's way through the platform: registered, asked, changed, removed."""

import secrets
import time

import pytest

import web
from api import Caller, assert_problem, ok, told
from bots import Bot, register
from database import connection, log_of
from people import new_tenant, platform_admin
from rookery import until
from sandbox import Sandbox
from typeid import decode
from updates import edit, new_chat


@pytest.fixture(scope="module")
def sandbox(rookery) -> Sandbox:
    return Sandbox(rookery.sandbox)


@pytest.fixture(scope="module")
def owner(rookery) -> Caller:
    return new_tenant(platform_admin(rookery), "Birds")[1]


@pytest.fixture(scope="module")
def stranger(rookery) -> Caller:
    return new_tenant(platform_admin(rookery), "Others")[1]


def post_to(bot: Bot, secret: str) -> int:
    """As Telegram posts an update."""
    return web.post(bot.url, json=edit(new_chat()), headers={"X-Telegram-Bot-Api-Secret-Token": secret}).status_code


# The five cases that this began with.

def test_a_bot_created_with_mode_webhook_has_its_webhook_registered(rookery, owner, sandbox):
    bot = register(rookery, owner, sandbox, name="Registered")

    state = bot.telegram.state()
    assert state["webhook"]["url"] == bot.url
    assert len(state["secret_token"]) == 64
    assert bot.made["telegram_id"] == bot.telegram.telegram_id
    assert bot.made["token_last_four"] == bot.telegram.token[-4:]
    assert (bot.made["name"], bot.made["mode"], bot.made["status"]) == ("Registered", "webhook", "active")
    assert (bot.made["transport"], bot.made["webhook"]["state"]) == ("webhook", "healthy")


def test_a_message_is_answered_in_under_three_seconds(rookery, owner, sandbox, receiver):
    bot = register(rookery, owner, sandbox)
    receiver.react = lambda entry: bot.telegram.call("sendMessage", chat_id=entry.chat, text="pong")
    bot.consume(receiver.url)
    times = []

    # One of them: the machine may be held up, the program not.
    for count in range(1, 4):
        began = time.monotonic()
        bot.telegram.write(new_chat(), "ping")
        bot.telegram.calls("sendMessage", count)
        times.append(time.monotonic() - began)

    assert min(times) < 3


def test_from_webhook_to_polling_the_webhook_is_deleted_and_updates_are_fetched(rookery, owner, sandbox):
    bot = register(rookery, owner, sandbox)

    patched = bot.patch(mode="polling")

    assert (patched["mode"], patched["transport"]) == ("polling", "polling")
    assert bot.telegram.webhook is None
    update = bot.telegram.write(new_chat(), "fetch me")
    until(lambda: update in [row[0] for row in log_of(rookery, bot.id)], 30)
    until(lambda: bot.telegram.pending == 0, 30)


def test_a_wrong_secret_is_401(rookery, owner, sandbox):
    bot = register(rookery, owner, sandbox)

    assert [post_to(bot, secret) for secret in ("wrong", bot.telegram.state()["secret_token"])] == [401, 200]


def test_a_second_registration_conflicts_and_does_not_say_with_whom(rookery, owner, stranger, sandbox):
    bot = register(rookery, owner, sandbox)
    again = {"token": bot.telegram.token, "mode": "webhook"}

    own, other = owner.post("/v1/bots", again), stranger.post("/v1/bots", again)

    assert_problem(own, 409, "bot_already_registered")
    assert told(own) == told(other)
    assert bot.telegram.webhook == bot.url


# What else can come of a token.

def test_what_is_no_token_is_422(owner, sandbox):
    answers = [owner.post("/v1/bots", {"token": token, "mode": "webhook"})
               for token in ("nonsense", f"{secrets.randbelow(1 << 40) + 1}:AA{secrets.token_urlsafe(24)}")]

    for answer in answers:
        problem = assert_problem(answer, 422, "invalid_token")
        assert [error["pointer"] for error in problem["errors"]] == ["/token"]


def test_a_webhook_of_somebody_else_is_a_conflict_unless_it_is_to_be_taken_over(rookery, owner, sandbox):
    telegram = sandbox.create_bot()
    telegram.set_foreign_webhook(f"http://127.0.0.1:9/bot{telegram.token}")
    body = {"token": telegram.token, "mode": "webhook"}

    refused = owner.post("/v1/bots", body)
    taken = owner.post("/v1/bots", body | {"take_over": True})

    problem = assert_problem(refused, 409, "webhook_conflict")
    assert problem["host"] == "127.0.0.1"
    assert telegram.token not in refused.text
    assert ok(taken)["webhook"]["state"] == "healthy"
    assert telegram.webhook == Bot(rookery, owner, telegram, taken.json()).url


def test_the_same_request_with_its_key_registers_once(rookery, owner, sandbox):
    telegram = sandbox.create_bot()
    body, header = {"token": telegram.token, "mode": "webhook"}, {"Idempotency-Key": secrets.token_hex(8)}

    first, again = (owner.post("/v1/bots", body, headers=header) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"


def test_a_removed_bot_has_no_webhook_and_no_secrets_left_and_can_come_back(rookery, owner, stranger, sandbox):
    bot = register(rookery, owner, sandbox)
    secret = bot.telegram.state()["secret_token"]

    removed = owner.delete(bot.path)

    assert removed.status_code == 204
    assert bot.telegram.webhook is None
    assert owner.get(bot.path).status_code == 404
    until(lambda: post_to(bot, secret) == 404, 10)
    with connection(rookery) as opened:
        row = opened.execute("SELECT status, token_sealed, webhook_secrets FROM bot WHERE id = %s", (decode(bot.id),))
        assert row.fetchone() == ("deleted", None, [])
    assert stranger.post("/v1/bots", {"token": bot.telegram.token, "mode": "webhook"}).status_code == 201


def test_a_new_token_of_the_same_bot_is_taken_and_another_bots_is_not(rookery, owner, sandbox):
    bot, other = register(rookery, owner, sandbox), sandbox.create_bot()
    bot.telegram.revoke()

    wrong = owner.send("PUT", f"{bot.path}/token", json={"token": other.token})
    right = owner.send("PUT", f"{bot.path}/token", json={"token": bot.telegram.token})

    assert_problem(wrong, 422, "other_bot")
    assert ok(right)["token_last_four"] == bot.telegram.token[-4:]
    assert bot.telegram.webhook == bot.url


# The webhook's own routes.

def test_a_webhook_is_set_as_asked_deleted_and_set_again(rookery, owner, sandbox):
    bot = register(rookery, owner, sandbox)
    wish = {"max_connections": 7, "allowed_updates": ["message", "chat_member"], "secret_token": "my_own-Secret"}

    put = ok(owner.send("PUT", f"{bot.path}/webhook", json=wish))
    state = bot.telegram.state()
    status = ok(owner.get(f"{bot.path}/webhook"))
    deleted = owner.delete(f"{bot.path}/webhook")
    without = bot.telegram.webhook
    again = ok(owner.send("PUT", f"{bot.path}/webhook", json={}))

    assert (put["state"], state["secret_token"]) == ("healthy", "my_own-Secret")
    assert (state["webhook"]["max_connections"], state["webhook"]["allowed_updates"]) == (7, ["message", "chat_member"])
    assert (status["url"], status["expected_url"], status["pending_update_count"]) == (bot.url, bot.url, 0)
    assert (status["max_connections"], status["last_checked_at"] is not None) == (7, True)
    assert (deleted.status_code, without) == (204, None)
    assert (again["state"], bot.telegram.webhook) == ("healthy", bot.url)


def test_a_polling_bot_has_no_webhook_to_set(rookery, owner, sandbox):
    bot = register(rookery, owner, sandbox, mode="polling")

    answer = owner.send("PUT", f"{bot.path}/webhook", json={})

    assert_problem(answer, 409, "bot_polls")
    assert bot.telegram.webhook is None


def test_what_telegram_refuses_is_told_in_its_words_and_leaves_no_bot(rookery, owner, sandbox):
    telegram = sandbox.create_bot()
    telegram.fault(400, method="setWebhook", description="Bad Request: bad webhook: no such port")

    answer = owner.post("/v1/bots", {"token": telegram.token, "mode": "webhook"})

    assert "no such port" in assert_problem(answer, 422, "telegram_refused")["detail"]
    telegram.clear_faults()
    assert owner.post("/v1/bots", {"token": telegram.token, "mode": "webhook"}).status_code == 201


def test_while_telegram_cannot_be_asked_nothing_is_said_about_a_token(owner, sandbox):
    telegram = sandbox.create_bot()
    telegram.fault(502)

    answer = owner.post("/v1/bots", {"token": telegram.token, "mode": "webhook"})

    assert_problem(answer, 503, "telegram_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    telegram.clear_faults()
    assert owner.post("/v1/bots", {"token": telegram.token, "mode": "webhook"}).status_code == 201
