"""Several nodes on one database: who delivers for which bots, and what a node may still do that was frozen."""

import signal
import threading
import time
from contextlib import contextmanager

import database
import typeid
import web
from processes import runs
from rookery import node_beside, until
from standstill import Standstill
from updates import edit, new_chat

CONCURRENCY, CHATS = 4, 6
# The program's own: for how long a node that is dead keeps what it held.
LEASE = 10


def assert_shared(rookery, *counts: int) -> dict:
    """Waits until so many nodes hold so many shards each; gives who holds which."""
    def is_so() -> bool:
        return sorted(map(len, database.shards(rookery).values())) == sorted(counts)

    until(is_so, 60, lambda: f"shards by node: {database.shards(rookery)}")
    return database.shards(rookery)


@contextmanager
def within(seconds: float):
    """What is done in here takes no longer, but for what the machine stood still."""
    began = time.monotonic()
    with Standstill() as standstill:
        yield
    took = time.monotonic() - began
    assert took <= seconds + standstill.total, f"{took:.1f} s, {standstill.total:.1f} s of them lost"


def test_nodes_share_the_shards_and_one_that_ends_gives_its_back(own_rookery, free_port):
    first = set(assert_shared(own_rookery, 64))
    with node_beside(own_rookery, free_port) as node:
        assert_shared(own_rookery, 32, 32)

        # Long before its leases would have run out.
        with within(LEASE / 2):
            node.process.signal(signal.SIGTERM)
            holders = assert_shared(own_rookery, 64)

        assert set(holders) == first
        assert node.process.wait(40) == 0


def test_what_a_killed_node_held_is_taken_over(own_rookery, free_port):
    assert_shared(own_rookery, 64)
    with node_beside(own_rookery, free_port) as node:
        assert_shared(own_rookery, 32, 32)

        with within(15):
            node.process.signal(signal.SIGKILL)
            assert_shared(own_rookery, 64)

        node.process.wait(10)


def test_a_frozen_node_that_wakes_moves_no_cursor_and_sends_nothing_again(own_rookery, receiver, free_port):
    first = set(assert_shared(own_rookery, 64))
    with node_beside(own_rookery, free_port) as node:
        holders = assert_shared(own_rookery, 32, 32)
        its = next(shards for holder, shards in holders.items() if holder not in first)
        bots = bots_of(own_rookery, its, 3)
        consumers = [database.create_consumer(own_rookery, receiver.url, bot, concurrency=CONCURRENCY, timeout_ms=60_000)
                     for bot in bots]
        release = threading.Event()
        receiver.react = lambda entry: release.wait(300)
        # More chats than may be under way, and more in each than one: so some of them wait in the node.
        chats = {bot.id: [new_chat() for _ in range(CHATS)] for bot in bots}
        sent = [post(own_rookery, bot, chat) for _ in range(3) for bot in bots for chat in chats[bot.id]]
        under_way = CONCURRENCY * len(bots)
        receiver.wait_until(lambda it: len(it.received) == under_way, 60)

        node.process.signal(signal.SIGSTOP)
        try:
            assert_shared(own_rookery, 64)
            release.set()
            receiver.wait_until(lambda it: set(sent) <= set(it.ids()), 120)
            until(lambda: all(database.is_at_end(own_rookery, consumer) for consumer in consumers), 60)
            cursors, came = database.cursors(own_rookery, consumers), len(receiver.ids())
        finally:
            node.process.signal(signal.SIGCONT)

        # It has looked about, found itself without, and got a share again.
        assert_shared(own_rookery, 32, 32)
        assert runs(node.process.pid)
        after = database.cursors(own_rookery, consumers)
        assert all(after[consumer] >= cursors[consumer] for consumer in consumers)
        more = [post(own_rookery, bot, chat) for bot in bots for chat in chats[bot.id]]
        receiver.wait_until(lambda it: set(more) <= set(it.ids()), 60)
        until(lambda: all(database.is_at_end(own_rookery, consumer) for consumer in consumers), 60)
        assert sorted(receiver.ids()[came:]) == sorted(more)
        assert len(receiver.ids()) - len(sent) - len(more) <= under_way
        for bot in bots:
            for chat in chats[bot.id]:
                arrivals = list(dict.fromkeys(receiver.of(chat)))
                assert arrivals == sorted(arrivals)


def bots_of(rookery, shards: set[int], count: int) -> list[database.Bot]:
    """Bots whose shards are among these."""
    found: list[database.Bot] = []
    while len(found) < count:
        bot = database.create_bot(rookery, rookery.tenant_id)
        if typeid.decode(bot.id).bytes[15] % 64 in shards:
            found.append(bot)
    return found


def post(rookery, bot: database.Bot, chat: int) -> int:
    update = edit(chat)
    headers = {"X-Telegram-Bot-Api-Secret-Token": bot.secrets[0]}
    url = f"{rookery.api}/telegram/webhook/{bot.id}"
    # A new bot is known after a moment.
    until(lambda: web.post(url, json=update, headers=headers).status_code == 200, 30)
    return update["update_id"]
