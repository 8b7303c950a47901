"""Calls of the Bot API that a consumer's answers ask for."""

from api import Caller, ok
from consumers import push_consumer
from rookery import until
from sandbox import Sandbox
from updates import edit, new_chat


def test_a_call_in_an_answer_is_carried_out_by_the_bot_and_its_result_kept_with_the_attempt(rookery, receiver):
    bot = Sandbox(rookery.sandbox).bot(rookery.bot["telegram_id"])
    chat = new_chat()
    text = f"I heard you in {chat}"
    receiver.reply = lambda entry: {"method": "sendMessage", "chat_id": entry.chat, "text": text}
    update = edit(chat)
    with push_consumer(rookery, receiver.url) as (owner, made):
        assert rookery.post(update).status_code == 200
        receiver.wait_until(lambda it: it.of(chat), 30)
        path = f"/v1/consumers/{made['id']}/attempts"

        until(lambda: attempts(owner, path, update), 60, lambda: "no attempt")
        attempt = attempts(owner, path, update)[0]

    assert attempt["status_code"] == 200 and attempt["error"] is None
    assert attempt["reply"]["method"] == "sendMessage" and attempt["reply"]["ok"] is True
    assert text in attempt["reply"]["result"]
    assert text in [call["text"] for call in bot.calls("sendMessage")]


def attempts(owner: Caller, path: str, update: dict) -> list[dict]:
    return ok(owner.get(path, params={"update_id": update["update_id"]}))["data"]
