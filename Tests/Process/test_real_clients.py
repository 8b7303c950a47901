"""Unmodified webhook applications as a consumer's URL. Each is a bot of the sandbox's own (on starting it
sets its webhook there, as such applications do), and is handed the demo bot's updates by Rookery."""

import pathlib
import socket
import sys

import pytest

from processes import Process
from rookery import until
from sandbox import Sandbox
from updates import new_chat

CLIENTS = pathlib.Path(__file__).parent / "clients"


@pytest.mark.parametrize("client, says", [
    ("telegram_application", "python-telegram-bot heard: "),
    ("aiogram_application", "aiogram heard: "),
])
def test_an_unmodified_application_is_a_consumer_and_answers(rookery, consumer, free_port, tmp_path, client, says):
    sandbox, chat = Sandbox(rookery.sandbox), new_chat()
    bot = sandbox.create_bot()
    script = str(CLIENTS / f"{client}.py")
    command = [sys.executable, script, bot.token, rookery.sandbox, str(free_port), "s3cret_Token"]
    application = Process(command, tmp_path / "application.log")
    try:
        until(lambda: takes_connections(free_port), 60, application.tail)
        consumer(f"http://127.0.0.1:{free_port}/telegram", telegram_secret_token="s3cret_Token")

        sandbox.bot(rookery.bot["telegram_id"]).write(chat, "is there a free place?")

        [answer] = bot.calls("sendMessage")
        assert (int(answer["chat_id"]), answer["text"]) == (chat, says + "is there a free place?")
    finally:
        application.end()


def takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
