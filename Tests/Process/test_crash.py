"""Nothing that was answered with 200 is lost, whatever is killed."""

import signal

from database import create_consumer, logged
from processes import kill
from rookery import node_beside
from updates import Load


def test_killing_a_node_loses_no_answered_update(own_rookery, receiver, free_port):
    create_consumer(own_rookery, receiver.url)
    with node_beside(own_rookery, free_port) as node:
        load = Load(node.webhook, own_rookery.secret)
        load.wait_for(500, 60)

        node.process.signal(signal.SIGKILL)

        answered = load.stop()
        node.process.wait(10)

    assert_kept_and_delivered(own_rookery, receiver, load, answered)


def test_killing_postgres_loses_no_answered_update(own_rookery, receiver):
    create_consumer(own_rookery, receiver.url)
    before = own_rookery.postmaster()
    load = Load(own_rookery.webhook, own_rookery.secret)
    load.wait_for(500, 60)

    kill(before)

    load.wait_for(500, 90)
    answered = load.stop()
    assert own_rookery.postmaster() != before
    assert own_rookery.process.is_running()
    assert_kept_and_delivered(own_rookery, receiver, load, answered)


def assert_kept_and_delivered(rookery, receiver, load, answered) -> None:
    rows = logged(rookery, load.first_id, load.last_id)
    assert len(rows) == len(set(rows)), "an update is stored twice"
    assert not set(answered) - set(rows), "updates answered with 200 are not in the log"
    receiver.wait_until(lambda it: set(rows) <= set(it.ids()), 90)
    for chat in {entry.chat for entry in receiver.received}:
        first_arrivals = list(dict.fromkeys(receiver.of(chat)))
        assert first_arrivals == sorted(first_arrivals), f"chat {chat} out of order"
