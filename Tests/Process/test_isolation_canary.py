"""Nothing of one tenant comes out in what another gets: neither its words nor its ids nor its secrets."""

import secrets

import pytest

from openapi import OPERATIONS
from people import send
from receiver import listening
from updates import edit, new_chat
from world import World, make_world


@pytest.fixture(scope="module")
def receiver_of_all():
    with listening() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def canary() -> str:
    return f"Canary{secrets.token_hex(6)}"


@pytest.fixture(scope="module")
def world(rookery, receiver_of_all, canary) -> World:
    return make_world(rookery, receiver_of_all, canary)


def needles(world: World, canary: str) -> list[str]:
    """What is tenant B's alone, its secrets first."""
    b = world.b
    ids = [str(id) for id in b.ids.values()] + [person.token for person in b.people.values()]
    return [b.key.token, b.invitation_token, *b.bot.secrets, canary, *ids]


def test_no_answer_log_line_or_delivery_of_one_tenant_holds_anything_of_another(world, receiver_of_all, canary):
    a, b = world.a, world.b
    ask_for_everything(world)
    for one in (a, b):
        assert send(world.rookery, one.bot, edit(new_chat(), text=f"{canary if one is b else 'plain'} again")) == 200
    receiver_of_all.wait_until(lambda it: {entry.headers["rookery-bot"] for entry in it.received} >= {a.bot.id, b.bot.id}, 30)

    answers = [answer for actor, caller in world.actors.items() if actor not in ("other tenant's owner", "platform admin")
               for answer in caller.answers]
    log = world.rookery.process.log.read_text(errors="replace")
    mine = [entry for entry in receiver_of_all.received if entry.headers["rookery-bot"] == a.bot.id]
    theirs = [entry for entry in receiver_of_all.received if entry.headers["rookery-bot"] == b.bot.id]
    all_needles = needles(world, canary)

    at_home = "".join(answer.text for answer in b.owner.answers)
    for needle in (canary, b.key.token, b.invitation_token, b.ids["bot_id"], b.ids["consumer_id"], b.ids["admin_id"]):
        assert needle in at_home, "the canary does not sing at home"
    assert any(canary.encode() in entry.body for entry in theirs)
    assert len(answers) > 500
    found = [(needle, str(answer.request.url)) for answer in answers for needle in all_needles if holds(needle, answer)]
    assert not found
    # Ids may stand in the log; words and secrets may not.
    words = [b.key.token, b.invitation_token, *b.bot.secrets, canary]
    assert not [line for line in log.splitlines() for word in words if word.lower() in line.lower()]
    assert not [entry for entry in mine for needle in all_needles if needle.encode() in entry.body or needle in str(entry.headers)]


def ask_for_everything(world: World) -> None:
    a, b = world.a, world.b
    for caller in [*a.people.values(), a.key, world.actors["suspended tenant"], world.actors["anonymous"], b.owner]:
        for operation in OPERATIONS:
            if operation.method != "GET" or operation.is_on_admin_address:
                continue
            for ids in (a.ids, b.ids):
                path = operation.path.format(**ids, token="x")
                caller.get(path)
                caller.get(path, headers={"Accept": "application/x-ndjson"})
                caller.get(path, headers={"Accept": "application/x-ndjson", "Rookery-Tenant": b.id})


def holds(needle: str, answer) -> bool:
    """Whether the answer tells it, to somebody who has not just named it."""
    asked = f"{answer.request.url} {answer.request.headers}"
    return needle not in asked and needle.lower() in (answer.text + str(answer.headers)).lower()
