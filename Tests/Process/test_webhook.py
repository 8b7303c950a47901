"""The routes that Telegram and load balancers use, asked as they ask."""

import json

import httpx
import pytest

import typeid
import web
from database import create_bot, create_tenant, delete_bot, limit, logged, suspend
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


@pytest.fixture(scope="module")
def tenant(rookery):
    return create_tenant(rookery)


def post_to(rookery, bot, secret: str) -> int:
    answer = web.post(f"{rookery.api}/telegram/webhook/{bot.id}", json=edit(new_chat()),
                      headers={"X-Telegram-Bot-Api-Secret-Token": secret})
    return answer.status_code


def test_while_one_secret_replaces_another_both_are_taken(rookery, tenant):
    bot = create_bot(rookery, tenant, secret_count=2)
    until(lambda: post_to(rookery, bot, bot.secrets[0]) != 404, 10)

    assert [post_to(rookery, bot, secret) for secret in [*bot.secrets, "wrong"]] == [200, 200, 401]


def test_another_bots_secret_is_401(rookery, tenant):
    mine, foreign = create_bot(rookery, tenant), create_bot(rookery, tenant)
    until(lambda: post_to(rookery, mine, mine.secrets[0]) == 200, 10)

    assert post_to(rookery, mine, foreign.secrets[0]) == 401
    assert post_to(rookery, mine, rookery.bot["webhook_secret"]) == 401


def test_a_deleted_bot_is_404(rookery, tenant):
    bot = create_bot(rookery, tenant)
    until(lambda: post_to(rookery, bot, bot.secrets[0]) == 200, 10)

    delete_bot(rookery, bot)

    until(lambda: post_to(rookery, bot, bot.secrets[0]) == 404, 10)


def test_a_suspended_tenants_bot_is_403(rookery):
    tenant = create_tenant(rookery)
    bot = create_bot(rookery, tenant)
    until(lambda: post_to(rookery, bot, bot.secrets[0]) == 200, 10)

    suspend(rookery, tenant)

    until(lambda: post_to(rookery, bot, bot.secrets[0]) == 403, 10)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_another_method_is_405_with_allow(rookery, method):
    answer = web.request(method, rookery.webhook)

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    if method != "HEAD":
        assert_problem(answer, 405)


@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND"])
def test_an_unknown_method_is_refused(rookery, method):
    assert web.request(method, f"{rookery.api}/health").status_code in (400, 405, 501)


def test_options_tells_the_methods(rookery):
    answer = web.request("OPTIONS", rookery.webhook)

    assert answer.status_code == 204
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/health/", "/telegram/webhook", "/telegram/webhook/", "/v1/nothing"])
def test_an_unknown_path_is_404(rookery, path):
    assert_problem(web.get(rookery.api + path), 404)


@pytest.mark.parametrize("path", ["/health", "/ready", "/openapi.yaml"])
def test_head_answers_as_get_without_the_body(rookery, path):
    get, head = web.get(rookery.api + path), web.request("HEAD", rookery.api + path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert abs(int(head.headers["content-length"]) - len(get.content)) <= 2, "but for numbers that grow"


def test_metrics_are_on_the_admin_address_only(rookery):
    metrics = web.get(f"{rookery.admin}/metrics")

    assert metrics.status_code == 200
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "\nrookery_updates_stored_total " in metrics.text
    assert_problem(web.get(f"{rookery.api}/metrics"), 404)
