"""What is changed about a bot while its users write: nothing is lost, doubled, refused or out of order."""

import time

import pytest

from api import Caller
from bots import register
from database import refused
from people import new_tenant, platform_admin
from sandbox import Sandbox
from writers import Writers, assert_logged_once_in_order, assert_received_once_in_order

SWITCHES = 20


@pytest.fixture(scope="module")
def sandbox(rookery) -> Sandbox:
    return Sandbox(rookery.sandbox)


@pytest.fixture(scope="module")
def owner(rookery) -> Caller:
    return new_tenant(platform_admin(rookery), "Busy birds")[1]


def test_a_secret_is_rotated_under_load_and_no_update_is_rejected(rookery, owner, sandbox, receiver):
    bot = register(rookery, owner, sandbox)
    bot.consume(receiver.url)
    known = {bot.telegram.state()["secret_token"]}
    writers = Writers(bot.telegram)

    for _ in range(3):
        writers.wait_for(40)
        bot.post("/webhook/rotate-secret")
        known.add(bot.telegram.state()["secret_token"])
    writers.wait_for(100)
    written = writers.stop()

    assert len(known) == 4
    assert_logged_once_in_order(rookery, bot.id, written)
    assert_received_once_in_order(receiver, written)
    state = bot.telegram.state()
    assert "last_error_message" not in state["webhook"]
    assert state["attempts"] == state["deliveries"] == sum(map(len, written.values()))
    assert refused(rookery, bot.id, "wrong_secret") == 0


def test_a_bot_goes_to_and_fro_between_webhook_and_polling_under_load(rookery, owner, sandbox, receiver):
    bot = register(rookery, owner, sandbox)
    bot.consume(receiver.url)
    # So many are aimed at; a slow machine writes fewer.
    writers = Writers(bot.telegram, per_second=200)
    began = time.monotonic()

    for _ in range(SWITCHES):
        bot.patch(mode="polling")
        bot.wait_for(lambda it: it["transport"] == "polling")
        # Some come by polling before it goes back.
        writers.wait_for(20)
        bot.patch(mode="webhook")
        bot.wait_for(lambda it: it["transport"] == "webhook")
        writers.wait_for(20)
    written = writers.stop()
    count, seconds = sum(map(len, written.values())), time.monotonic() - began
    print(f"{count} updates were written in {seconds:.1f} s, {count / seconds:.0f} a second")

    # Some fell into each stretch of either kind.
    assert count >= SWITCHES * 2 * 20
    assert len(bot.telegram.calls("deleteWebhook", SWITCHES)) >= SWITCHES
    assert len(bot.telegram.calls("getUpdates", SWITCHES)) >= SWITCHES
    assert_logged_once_in_order(rookery, bot.id, written)
    assert_received_once_in_order(receiver, written)
    assert bot.telegram.pending == 0
