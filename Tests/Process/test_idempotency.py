"""A POST with an Idempotency-Key happens once, whatever is killed in between."""

import secrets
import signal
import threading

import psycopg
import pytest

from api import Caller, assert_problem, at_once, ok, sign_in
from people import new_tenant, platform_admin
from rookery import Rookery, until


@pytest.fixture(scope="module")
def owner(rookery) -> Caller:
    return new_tenant(platform_admin(rookery), "Once")[1]


def key(name: str = "once") -> dict:
    return {"name": name, "permissions": ["view_bots"]}


def test_the_same_request_gets_the_first_answer_again(owner):
    header = {"Idempotency-Key": secrets.token_hex(8)}

    first, again = (owner.post("/v1/api-keys", key("again"), headers=header) for _ in range(2))

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert {name: first.headers[name] for name in ("location", "etag", "content-type")} == {
        name: again.headers[name] for name in ("location", "etag", "content-type")}
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert first.headers["request-id"] != again.headers["request-id"]
    assert [row["name"] for row in owner.everything("/v1/api-keys")].count("again") == 1


def test_another_request_under_the_same_key_is_refused(owner):
    header = {"Idempotency-Key": secrets.token_hex(8)}
    ok(owner.post("/v1/api-keys", key("one"), headers=header))

    for path, body in (("/v1/api-keys", key("other")), ("/v1/invitations", {"email": "x@example.com", "role": "support"})):
        assert_problem(owner.post(path, body, headers=header), 422, "idempotency_mismatch")


def test_a_refusal_is_kept_too(owner):
    header = {"Idempotency-Key": secrets.token_hex(8)}
    email = ok(owner.get("/v1/auth/me"))["account"]["email"]

    first, again = (owner.post("/v1/invitations", {"email": email, "role": "support"}, headers=header) for _ in range(2))

    assert_problem(first, 409, "already_admin")
    assert again.status_code == 409 and again.headers["idempotency-replayed"] == "true"


def test_a_401_is_not_kept(owner, rookery):
    header = {"Idempotency-Key": secrets.token_hex(8)}

    stranger = Caller(rookery.api).post("/v1/api-keys", key(), headers=header)
    known = owner.post("/v1/api-keys", key(), headers=header)

    assert (stranger.status_code, known.status_code) == (401, 201)


def test_of_many_at_once_one_happens_and_the_others_get_its_answer_or_409(owner):
    header, name = {"Idempotency-Key": secrets.token_hex(8)}, secrets.token_hex(8)
    callers = [Caller(owner.api, owner.token) for _ in range(20)]

    answers = at_once(*(lambda one=one: one.post("/v1/api-keys", key(name), headers=header) for one in callers))

    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in made}) == 1
    assert [row["name"] for row in owner.everything("/v1/api-keys")].count(name) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "idempotency_in_progress")


def test_killed_between_effect_and_answer_the_retry_gets_the_first_answer(own_rookery):
    """PostgreSQL is made to wait, after it has written a commit down, for a standby that does not exist: what was
    asked for has happened, and nobody has been told when the program is killed."""
    owner = sign_in(own_rookery.api, **own_rookery.owner)
    header, name = {"Idempotency-Key": secrets.token_hex(8)}, secrets.token_hex(8)
    set_standby(own_rookery, "none_such")
    asking = threading.Thread(target=ask, args=(owner, name, header), daemon=True)
    asking.start()
    until(lambda: waits_for_standby(own_rookery), 20, own_rookery.process.tail)

    own_rookery.process.signal(signal.SIGKILL)
    own_rookery.process.wait(10)
    asking.join(20)
    set_standby(own_rookery, "")

    again = Rookery(own_rookery.data_folder)
    try:
        owner = sign_in(again.api, **again.owner)
        answers = [owner.post("/v1/api-keys", key(name), headers=header) for _ in range(2)]
        rows = [row for row in owner.everything("/v1/api-keys") if row["name"] == name]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert [answer.headers.get("idempotency-replayed") for answer in answers] == ["true", "true"]
        assert [row["id"] for row in rows] == [answers[0].json()["id"]]
        assert Caller(again.api, answers[0].json()["key"]).get("/v1/roles").status_code == 200
    finally:
        again.process.end()


def test_killed_under_load_every_request_happens_once(own_rookery):
    owner = sign_in(own_rookery.api, **own_rookery.owner)
    wanted = {secrets.token_hex(8): None for _ in range(600)}
    names, answered = iter(list(wanted)), threading.Semaphore(0)

    def work(caller: Caller) -> None:
        for name in names:
            answer = ask(caller, name, {"Idempotency-Key": name})
            if answer is None:
                return
            wanted[name] = answer
            answered.release()

    threads = [threading.Thread(target=work, args=(Caller(owner.api, owner.token),), daemon=True) for _ in range(16)]
    for thread in threads:
        thread.start()
    for _ in range(150):
        assert answered.acquire(timeout=60)

    own_rookery.process.signal(signal.SIGKILL)
    own_rookery.process.wait(10)
    for thread in threads:
        thread.join(30)

    again = Rookery(own_rookery.data_folder)
    try:
        owner = sign_in(again.api, **again.owner)
        for name, first in wanted.items():
            answer = owner.post("/v1/api-keys", key(name), headers={"Idempotency-Key": name})
            assert answer.status_code == 201, answer.text
            if first is not None:
                assert answer.headers.get("idempotency-replayed") == "true"
                assert answer.content == first.content
        rows = [row["name"] for row in owner.everything("/v1/api-keys") if row["name"] in wanted]

        assert 150 <= sum(first is not None for first in wanted.values()) < 600
        assert sorted(rows) == sorted(wanted)
    finally:
        again.process.end()


def ask(caller: Caller, name: str, header: dict):
    """The answer; None when there was none."""
    try:
        return caller.post("/v1/api-keys", key(name), headers=header)
    except Exception:
        return None


def set_standby(rookery: Rookery, name: str) -> None:
    # Commits of this connection wait for nobody; the setting is for those of the program.
    with psycopg.connect(rookery.database_owner_url, autocommit=True, connect_timeout=10) as opened:
        opened.execute("SET synchronous_commit = local")
        opened.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        opened.execute("SELECT pg_reload_conf()")


def waits_for_standby(rookery: Rookery) -> bool:
    """Whether the commit of an API key waits; not that of a cursor or a lease."""
    with psycopg.connect(rookery.database_owner_url, autocommit=True, connect_timeout=10) as opened:
        return opened.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchone()[0] > 0
