"""The routes that Telegram and load balancers use, asked as they ask."""

import json

import httpx
import pytest

import typeid
import web
from database import limit, logged
from rookery import until
from updates import edit, new_chat

JSON = {"Content-Type": "application/json"}


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "code", "request_id"} <= set(problem)
    assert problem["request_id"] == answer.headers["request-id"]


def test_health_and_ready_say_what_they_know(rookery):
    health, ready = (web.get(rookery.api + path) for path in ("/health", "/ready"))

    assert (health.status_code, ready.status_code) == (200, 200)
    assert {"status", "version"} <= set(health.json())
    assert health.headers["request-id"].startswith("req_")


def test_an_update_is_answered_with_an_empty_object_once_it_is_logged(rookery):
    update = edit(new_chat())

    answer = rookery.post(update)

    assert (answer.status_code, answer.json()) == (200, {})
    assert logged(rookery, update["update_id"], update["update_id"]) == [update["update_id"]]


def test_an_unknown_kind_is_stored(rookery):
    update = {"update_id": edit(0)["update_id"], "telepathy_received": {"from": {"id": 1}}}

    answer = rookery.post(update)

    assert answer.status_code == 200
    assert logged(rookery, update["update_id"], update["update_id"]) == [update["update_id"]]


@pytest.mark.parametrize("secret", [{}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}])
def test_a_wrong_or_missing_secret_is_401_and_nothing_is_stored(rookery, secret):
    update = edit(new_chat())

    answer = web.post(rookery.webhook, json=update, headers=secret)

    assert_problem(answer, 401)
    assert logged(rookery, update["update_id"], update["update_id"]) == []


@pytest.mark.parametrize("bot", [
    typeid.encode("bot", typeid.uuid7()), "bot_", "bot_0123", "consumer_01h455vb4pex5vsknk084sn02q",
    "bot_81h455vb4pex5vsknk084sn02q", "BOT_01H455VB4PEX5VSKNK084SN02Q", "%00", "x" * 300])
def test_an_unknown_or_malformed_bot_is_404(rookery, bot):
    answer = web.post(f"{rookery.api}/telegram/webhook/{bot}", json=edit(1), headers=rookery.secret)

    assert answer.status_code in ((404, 400) if bot == "%00" else (404,))


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"1", b"null", b'"text"', b"{}", b'{"update_id":"1"}', b'{"update_id":1.5}',
    b'{"update_id":null}', b'{"update_id":9223372036854775808}', b'{"update_id":1}trailing', b"\xff\xfe"])
def test_what_is_no_update_is_400(rookery, body):
    answer = web.post(rookery.webhook, content=body, headers=rookery.secret | JSON)

    assert_problem(answer, 400)


def test_a_body_above_one_mebibyte_is_413_and_the_largest_below_is_stored(rookery):
    update = edit(new_chat(), text="")
    room = 1024 * 1024 - len(json.dumps(update).encode())
    update["edited_message"]["text"] = "x" * room
    largest = json.dumps(update).encode()

    stored = web.post(rookery.webhook, content=largest, headers=rookery.secret | JSON)
    refused = web.post(rookery.webhook, content=largest + b" ", headers=rookery.secret | JSON)

    assert len(largest) == 1024 * 1024
    assert stored.status_code == 200
    assert refused.status_code == 413


def test_above_the_bots_limit_is_429_with_retry_after(rookery):
    with limit(rookery, "ingest_per_minute_per_bot", 5), web.client() as client:
        answers = []

        def is_refused() -> bool:
            answers.append(client.post(rookery.webhook, json=edit(new_chat()), headers=rookery.secret))
            return answers[-1].status_code == 429

        until(is_refused, 10, lambda: f"{[answer.status_code for answer in answers]}")

    assert_problem(answers[-1], 429)
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    until(lambda: rookery.post(edit(new_chat())).status_code == 200, 10)


def test_another_method_is_405_with_allow(rookery):
    answer = web.get(rookery.webhook)

    assert_problem(answer, 405)
    assert "POST" in answer.headers["allow"]
