"""What an admin asks of the platform by writing to one of their bots."""

import pytest

import database
import web
from api import Caller, ok
from bots import Bot, register
from people import join, new_tenant, platform_admin
from rookery import until
from sandbox import Sandbox
from test_bots_canary import in_any_form
from updates import new_chat


@pytest.fixture
def owner(watchful) -> Caller:
    return new_tenant(platform_admin(watchful), "Talkative birds")[1]


def answers(bot: Bot, chat: int) -> list[str]:
    calls = bot.telegram.ask("GET", "/calls", query={"method": "sendMessage"})["calls"]
    return [call["parameters"]["text"] for call in calls if int(call["parameters"]["chat_id"]) == chat]


def answer_to(bot: Bot, chat: int, text: str) -> str:
    """What a user is answered who writes this to the bot."""
    before = len(answers(bot, chat))
    bot.telegram.write(chat, text)
    until(lambda: len(answers(bot, chat)) > before, 30, lambda: f"no answer to {text.split()[0]}")
    return answers(bot, chat)[-1]


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_an_admin_links_an_account_and_asks_for_the_status(watchful, owner, receiver, mode):
    bot = register(watchful, owner, Sandbox(watchful.sandbox), mode, admin_commands=True)
    bot.consume(receiver.url)
    admin, stranger = new_chat(), new_chat()
    offer = ok(owner.post("/v1/auth/telegram-link"))

    # An ordinary update, for the consumer.
    bot.telegram.write(stranger, "/webhook_status")
    linked = answer_to(bot, admin, offer["command"])
    status = answer_to(bot, admin, "/webhook_status")
    again = bot.telegram.write(stranger, offer["command"])

    receiver.wait_until(lambda it: len(it.of(stranger)) >= 2, 30)
    assert again in receiver.of(stranger), "a code that is used up is an ordinary text"
    assert "linked" in linked
    assert f"Mode: {mode}" in status and (bot.url in status) == (mode == "webhook")
    assert receiver.of(admin) == [] and answers(bot, stranger) == []
    assert ok(owner.get("/v1/auth/telegram-link"))["telegram_user_id"] == admin
    assert "telegram_link.create" in [row["action"] for row in owner.everything("/v1/audit-events")]

    assert owner.delete("/v1/auth/telegram-link").status_code == 204
    update = bot.telegram.write(admin, "/webhook_status")
    receiver.wait_until(lambda it: update in it.of(admin), 30)


def test_a_bot_that_takes_no_commands_hands_them_on(watchful, owner, receiver):
    bot = register(watchful, owner, Sandbox(watchful.sandbox))
    bot.consume(receiver.url)
    admin = new_chat()
    offer = ok(owner.post("/v1/auth/telegram-link"))

    update = bot.telegram.write(admin, offer["command"])

    receiver.wait_until(lambda it: update in it.of(admin), 30)
    assert ok(owner.get("/v1/auth/telegram-link"))["linked"] is False


def test_the_code_of_a_link_is_told_to_its_admin_only(watchful, owner):
    bot = register(watchful, owner, Sandbox(watchful.sandbox), admin_commands=True)
    used, unused = (ok(person.post("/v1/auth/telegram-link"))["code"] for person in (owner, join(owner, "support")))
    owner.answers.clear()

    answer_to(bot, new_chat(), f"/link {used}")
    owner.get("/v1/auth/telegram-link")
    # So that the log says something of the bot.
    bot.telegram.set_foreign_webhook("http://127.0.0.1:9/")
    bot.wait_for(lambda it: it["webhook"]["state"] == "conflict")
    owner.everything("/v1/audit-events")
    database_rows = database.everything(watchful)

    forms = {form: code for code in (used, unused) for form in in_any_form(code)}

    def held(text: str) -> list[str]:
        return [code for form, code in forms.items() if form in text]

    log = watchful.process.log.read_text(errors="replace")
    assert bot.id in log, "the log does not sing at home"
    assert not held(log)
    assert not held(web.get(f"{watchful.admin}/metrics").text)
    for answer in owner.answers:
        assert not held(answer.text), f"{answer.request.method} {answer.request.url}"
    # What the user has written is in the log of updates as it was written: by then it is of no use.
    texts = {table: [text for text in rows if held(text)] for table, rows in database_rows.items()}
    assert {table for table, found in texts.items() if found} <= {
        table for table in texts if table.startswith("update_log")}
    assert not any(unused in text for found in texts.values() for text in found)
