"""Nothing that was answered with 200 is lost, whatever is killed."""

import os
import signal

import web
from database import create_consumer, logged
from processes import kill, runs
from rookery import Rookery, node_beside, until
from updates import Load, edit, new_chat


def test_killing_a_node_loses_no_answered_update(own_rookery, receiver, free_port):
    create_consumer(own_rookery, receiver.url)
    with node_beside(own_rookery, free_port) as node:
        load = Load(node.webhook, own_rookery.secret)
        load.wait_for(500, 60)

        node.process.signal(signal.SIGKILL)

        answered = load.stop()
        node.process.wait(10)

    assert_kept_and_delivered(own_rookery, receiver, load, answered)


def test_when_the_node_that_delivers_is_killed_another_takes_over(own_rookery, receiver, free_port):
    create_consumer(own_rookery, receiver.url)
    with node_beside(own_rookery, free_port) as node:
        load = Load(node.webhook, own_rookery.secret)
        load.wait_for(300, 60)
        receiver.wait_until(lambda it: it.received, 30)

        own_rookery.process.signal(signal.SIGKILL)

        load.wait_for(300, 60)
        assert_kept_and_delivered(own_rookery, receiver, load, load.stop())


def test_killing_postgres_loses_no_answered_update(own_rookery, receiver):
    create_consumer(own_rookery, receiver.url)
    before = own_rookery.postgres()
    load = Load(own_rookery.webhook, own_rookery.secret)
    load.wait_for(500, 60)

    for pid in before:
        kill(pid)

    load.wait_for(500, 90)
    answered = load.stop()
    assert own_rookery.postgres()[0] != before[0]
    assert own_rookery.process.is_running()
    assert_kept_and_delivered(own_rookery, receiver, load, answered)


def test_without_postgres_updates_are_refused_at_once_and_taken_again_later(own_rookery, receiver, free_port):
    create_consumer(own_rookery, receiver.url)
    with node_beside(own_rookery, free_port) as node:
        # What `rookery dev` leaves when it is killed is its PostgreSQL, which nobody starts again when it stops.
        own_rookery.process.signal(signal.SIGKILL)
        own_rookery.process.wait(10)
        postmaster = own_rookery.postgres()[0]
        os.kill(postmaster, signal.SIGINT)
        until(lambda: not runs(postmaster), 20)
        update = edit(new_chat())

        refused = [web.post(node.webhook, json=update, headers=own_rookery.secret, timeout=10) for _ in range(5)]
        health, ready = (web.get(node.api + path, timeout=10) for path in ("/health", "/ready"))

        assert [answer.status_code for answer in refused] == [503] * 5
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert (health.status_code, ready.status_code) == (200, 503)

        again = Rookery(own_rookery.data_folder)
        try:
            until(lambda: web.post(node.webhook, json=update, headers=again.secret).status_code == 200, 20)
            receiver.wait_until(lambda it: update["update_id"] in it.ids(), 20)
        finally:
            again.process.end()


def assert_kept_and_delivered(rookery, receiver, load, answered) -> None:
    rows = logged(rookery, load.first_id, load.last_id)
    assert len(rows) == len(set(rows)), "an update is stored twice"
    assert not set(answered) - set(rows), "updates answered with 200 are not in the log"
    receiver.wait_until(lambda it: set(rows) <= set(it.ids()), 90)
    for chat in {entry.chat for entry in receiver.received}:
        first_arrivals = list(dict.fromkeys(receiver.of(chat)))
        assert first_arrivals == sorted(first_arrivals), f"chat {chat} out of order"
