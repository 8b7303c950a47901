"""Tokens of bots and secrets of webhooks come out nowhere, whatever is done with them."""

import base64

import pytest

import database
import web
from api import Caller, ok
from bots import Bot, patiently, register
from people import join, new_tenant, platform_admin
from rookery import until
from sandbox import Sandbox
from updates import edit, new_chat


def in_any_form(secret: str) -> set[str]:
    """As it is, as a URL and as JSON hold it (the same for these characters), in hexadecimal and in base64."""
    raw = secret.encode()
    cut = [base64.b64encode(raw[start:]).decode().rstrip("=")[:-1] for start in range(3)]
    return {secret, raw.hex(), *cut}


@pytest.fixture
def owner(watchful) -> Caller:
    return new_tenant(platform_admin(watchful), "Secretive birds")[1]


def test_no_log_line_answer_audit_entry_or_row_holds_a_token_or_a_webhook_secret(watchful, owner):
    sandbox = Sandbox(watchful.sandbox)
    secrets: set[str] = set()
    bots: list[Bot] = []

    def keep(*more: str) -> None:
        secrets.update(more)

    def made(mode: str = "webhook", **more) -> Bot:
        bots.append(register(watchful, owner, sandbox, mode, **more))
        keep(bots[-1].telegram.secret_part)
        if bots[-1].telegram.webhook:
            keep(bots[-1].telegram.state()["secret_token"])
        return bots[-1]

    def refused(status: int, token: str, **more) -> None:
        keep(token.partition(":")[2] or token)
        answer = owner.post("/v1/bots", {"token": token, "mode": "webhook"} | more)
        assert answer.status_code == status, answer.text

    # All that is done with a token and can be done wrong.
    one, polling, hybrid = made(), made("polling"), made("hybrid", webhook={"secret_token": "Own_secret-0123456789"})
    refused(409, one.telegram.token)
    refused(422, "1234567:AAunknown0123456789unknown0123456789")
    refused(422, "AAmalformed0123456789malformed0123456789")
    refused(422, sandbox.create_bot().token, tokens="x")
    foreign, failing, away = (sandbox.create_bot() for _ in range(3))
    foreign.set_foreign_webhook(f"http://127.0.0.1:9/{foreign.token}")
    refused(409, foreign.token)
    failing.fault(400, method="setWebhook", description=f"Bad Request: wrong {failing.token}")
    refused(422, failing.token)
    away.fault(502)
    refused(503, away.token)
    in_url = sandbox.create_bot()
    refused(422, in_url.token, webhook={"url": f"https://example.com/{in_url.token}"})
    wrong_field = sandbox.create_bot()
    keep(wrong_field.secret_part)
    assert owner.post("/v1/bots", {"name": {"token": wrong_field.token}, "mode": wrong_field.token}).status_code == 422

    # And with a bot that there is.
    patiently(lambda: owner.send("PUT", f"{one.path}/webhook", json={"secret_token": "Another_own-9876543210"}))
    keep("Another_own-9876543210")
    one.post("/webhook/rotate-secret")
    keep(one.telegram.state()["secret_token"])
    one.post("/webhook/refresh")
    wrong = {"X-Telegram-Bot-Api-Secret-Token": one.telegram.state()["secret_token"][::-1]}
    keep(wrong["X-Telegram-Bot-Api-Secret-Token"])
    assert web.post(one.url, json=edit(new_chat()), headers=wrong).status_code == 401
    hybrid.telegram.set_foreign_webhook(f"http://127.0.0.1:9/bot{hybrid.telegram.token}")
    hybrid.wait_for(lambda it: it["webhook"]["state"] == "conflict")
    polling.telegram.fault(409, method="getUpdates", count=2)
    polling.telegram.revoke()
    keep(polling.telegram.secret_part)
    polling.wait_for(lambda it: it["status"] == "token_revoked")
    ok(owner.send("PUT", f"{polling.path}/token", json={"token": polling.telegram.token}))
    assert owner.send("PUT", f"{polling.path}/token", json={"token": one.telegram.token}).status_code == 422
    many = [sandbox.create_bot() for _ in range(3)]
    many[1].fault(403)
    keep(*(bot.secret_part for bot in many), "AAnobodys0123456789nobodys0123456789no")
    tokens = [*(bot.token for bot in many), "7654321:AAnobodys0123456789nobodys0123456789no"]
    begun = owner.post("/v1/bot-imports", {"bots": [{"token": token} for token in tokens], "mode": "webhook"})
    path = begun.headers["location"]
    until(lambda: ok(owner.get(path))["registered"] + ok(owner.get(path))["failed"] >= 1, 60)
    assert owner.delete(path).status_code == 204

    # Everything there is to read.
    support = join(owner, "support")
    for caller in (owner, support):
        for place in ("/v1/bots", "/v1/bot-imports", f"{path}/items", "/v1/health/webhooks", "/v1/audit-events"):
            caller.get(place)
        for bot in bots:
            for rest in ("", "/webhook", "/health", "/updates"):
                caller.get(bot.path + rest)
    assert owner.delete(hybrid.path).status_code == 204

    forms = {form: secret for secret in secrets for form in in_any_form(secret)}
    assert len(secrets) >= 15

    def held(text: str) -> list[str]:
        return [secret for form, secret in forms.items() if form in text]

    assert held(str(sandbox.ask("GET", "/bots"))), "the canary does not sing at home"
    log = watchful.process.log.read_text(errors="replace")
    assert any(bot.id in log for bot in bots), "the log does not sing at home"
    assert not held(log), [line for line in log.splitlines() if held(line)][:3]
    metrics = web.get(f"{watchful.admin}/metrics").text
    assert "rookery_webhooks" in metrics and not held(metrics)
    for answer in [*owner.answers, *support.answers]:
        assert not held(answer.text + str(answer.headers)), f"{answer.request.method} {answer.request.url}: {answer.text}"
    rows = database.everything(watchful)
    assert rows["bot"] and sum(len(texts) for table, texts in rows.items() if table.startswith("audit_event")) > 10
    for table, texts in rows.items():
        assert not [text for text in texts if held(text)], f"a secret is in a row of {table}"
