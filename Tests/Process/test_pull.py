"""Pull consumers, as programs on several machines use them."""

import signal
import threading
import time

import httpx
import pytest

import typeid
import web
from api import Caller, assert_problem, at_once, ok
from database import Bot, connection, create_pull_consumer
from rookery import node_beside, until
from updates import edit, new_chat


@pytest.fixture
def pull_consumer(rookery):
    """Makes pull consumers of the demo bot, from the end of its log: `pull_consumer(**columns)`."""
    made = []

    def make(**columns) -> str:
        bot = Bot(rookery.bot["id"], rookery.tenant_id, secrets=[])
        made.append(create_pull_consumer(rookery, bot, **columns))
        return made[-1]

    yield make
    with connection(rookery) as opened:
        opened.execute("DELETE FROM consumer WHERE id = ANY(%s)", ([typeid.decode(one) for one in made],))


class Puller:
    """One program that pulls from one node."""

    def __init__(self, api: str, key: str, consumer: str):
        self._caller = Caller(api, key)
        self._path = f"/v1/consumers/{consumer}"

    def pull(self, limit: int = 50, wait_ms: int = 0) -> dict:
        return ok(self._caller.post(f"{self._path}/pull", {"limit": limit, "wait_ms": wait_ms}, timeout=90))

    def ack(self, updates: list[dict]) -> int:
        answer = self._caller.post(f"{self._path}/ack", {"positions": [one["position"] for one in updates]})
        return ok(answer)["acknowledged"]


def test_an_update_that_comes_to_one_node_ends_the_wait_at_another(rookery, pull_consumer, free_port):
    with node_beside(rookery, free_port) as node:
        consumer = pull_consumer()
        here = Puller(rookery.api, rookery.api_key, consumer)
        there = Puller(node.api, rookery.api_key, consumer)
        for puller, webhook in ((there, rookery.webhook), (here, node.webhook)):
            found = []
            waiting = threading.Thread(target=lambda: found.append(puller.pull(wait_ms=60_000)), daemon=True)
            waiting.start()
            time.sleep(1)  # for the wait to begin; when it has not, the update is there already
            update, sent = edit(new_chat()), time.monotonic()

            assert web.post(webhook, json=update, headers=rookery.secret).status_code == 200
            waiting.join(90)

            assert [one["update_id"] for one in found[0]["data"]] == [update["update_id"]]
            assert found[0]["data"][0]["payload"] == update
            assert time.monotonic() - sent < 30
            assert puller.ack(found[0]["data"]) == 1


def test_pullers_on_two_nodes_share_the_work_keep_the_order_and_lose_nothing(rookery, pull_consumer, free_port):
    with node_beside(rookery, free_port) as node:
        consumer = pull_consumer(visibility_ms=3000)
        chats = [new_chat() for _ in range(10)]
        updates = [edit(chats[number % 10]) for number in range(200)]
        lock, first_given, acknowledged, stopped = threading.Lock(), {}, set(), threading.Event()
        out: dict[int, int] = {}
        faults = []

        def work(number: int, api: str) -> None:
            puller, round_ = Puller(api, rookery.api_key, consumer), 0
            while not stopped.is_set():
                data = puller.pull(limit=7, wait_ms=500)["data"]
                lanes = {one["payload"]["edited_message"]["chat"]["id"] for one in data}
                with lock:
                    round_ += 1
                    faults.extend(lane for lane in lanes if out.get(lane, number) != number)
                    out.update(dict.fromkeys(lanes, number))
                    for one in data:
                        chat = one["payload"]["edited_message"]["chat"]["id"]
                        if one["update_id"] not in first_given.setdefault(chat, []):
                            first_given[chat].append(one["update_id"])
                    # Now and then one dies with what it has: nobody gets it before its time is over.
                    dies = data and number == 0 and round_ in (2, 5)
                    if dies:
                        for lane in lanes:
                            del out[lane]
                if data and not dies:
                    with lock:
                        for lane in lanes:
                            del out[lane]
                    puller.ack(data)
                    with lock:
                        acknowledged.update(one["update_id"] for one in data)

        workers = [threading.Thread(target=work, args=(number, api), daemon=True)
                   for number, api in enumerate([rookery.api, node.api, rookery.api, node.api])]
        for worker in workers:
            worker.start()
        for number, update in enumerate(updates):
            webhook = (rookery.webhook, node.webhook)[number // 10 % 2]
            assert web.post(webhook, json=update, headers=rookery.secret).status_code == 200
        until(lambda: len(acknowledged) == len(updates), 90, lambda: f"{len(acknowledged)} of {len(updates)}")
        stopped.set()
        for worker in workers:
            worker.join(90)

        assert faults == []
        for chat in chats:
            ids = [one["update_id"] for one in updates if one["edited_message"]["chat"]["id"] == chat]
            assert first_given[chat] == ids
        assert Puller(rookery.api, rookery.api_key, consumer).pull()["data"] == []


def test_a_wait_ends_with_its_client(rookery, pull_consumer):
    consumer = pull_consumer()

    def waiting() -> int:
        metrics = web.get(f"{rookery.admin}/metrics").text
        return int(next(line for line in metrics.splitlines() if line.startswith("rookery_pull_waiting ")).split()[1])

    def leave() -> None:
        with pytest.raises(httpx.ReadTimeout):
            web.post(f"{rookery.api}/v1/consumers/{consumer}/pull", json={"wait_ms": 60_000}, timeout=3,
                     headers={"Authorization": f"Bearer {rookery.api_key}"})

    left = threading.Thread(target=leave, daemon=True)
    left.start()
    until(lambda: waiting() == 1, 30)
    left.join(30)
    until(lambda: waiting() == 0, 30)
    update = edit(new_chat())

    assert rookery.post(update).status_code == 200

    found = Puller(rookery.api, rookery.api_key, consumer).pull(wait_ms=10_000)
    assert [one["update_id"] for one in found["data"]] == [update["update_id"]]


def test_waits_end_at_once_when_the_node_does(rookery, pull_consumer, free_port):
    with node_beside(rookery, free_port) as node:
        consumer = pull_consumer()
        found = []

        def wait() -> None:
            found.append(Puller(node.api, rookery.api_key, consumer).pull(wait_ms=60_000))

        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        time.sleep(2)  # for the wait to begin
        node.process.signal(signal.SIGTERM)

        assert node.process.wait(25) == 0
        waiting.join(30)
        assert found == [{"data": [], "has_more": False}]


def test_a_paused_consumer_gives_nothing_and_still_takes_acknowledgements(rookery, pull_consumer):
    consumer = pull_consumer()
    puller = Puller(rookery.api, rookery.api_key, consumer)
    update = edit(new_chat())
    assert rookery.post(update).status_code == 200
    data = puller.pull(wait_ms=10_000)["data"]
    with connection(rookery) as opened:
        opened.execute("UPDATE consumer SET status = 'paused' WHERE id = %s", (typeid.decode(consumer),))

    refused = Caller(rookery.api, rookery.api_key).post(f"/v1/consumers/{consumer}/pull", {})

    assert_problem(refused, 409, "consumer_paused")
    assert puller.ack(data) == 1
    assert at_once(lambda: puller.ack(data), lambda: puller.ack(data)) == [0, 0]
