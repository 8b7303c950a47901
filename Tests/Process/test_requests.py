"""Requests that ask for more than they may, and requests that are meant to hurt."""

import json
import secrets

import httpx
import pytest

import typeid
from api import Caller, assert_problem, ok
from openapi import API, OPERATIONS, properties
from people import join, me, new_key, new_tenant, platform_admin
from rookery import until

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def platform(rookery) -> Caller:
    return platform_admin(rookery)


@pytest.fixture(scope="module")
def tenant(platform) -> tuple[dict, Caller]:
    return new_tenant(platform, "Requests")


@pytest.fixture(scope="module")
def owner(tenant) -> Caller:
    return tenant[1]


# Mass assignment

ENTITIES = ("Tenant", "Admin", "Invitation", "APIKey", "Session", "Me", "AuditEvent", "Bot", "Consumer", "LoggedUpdate",
            "Delivery", "Attempt", "RetryJob", "Replay", "Gap")
EXTRA = {name for entity in ENTITIES for name in properties(API["components"]["schemas"][entity])} | {
    "tenant_id", "account_id", "is_platform_admin", "password_hash", "digest", "token_digest", "created_by", "__proto__",
    "constructor", "", "role ", "Role", "a/b~c"}


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.body and one.body.get("additionalProperties") is False], ids=str)
def test_a_field_that_cannot_be_set_is_refused_and_nothing_is_done(platform, tenant, owner, operation):
    support, key = join(owner, "support"), new_key(owner, "view_bots")[1]
    ids = {"tenant_id": tenant[0]["id"], "admin_id": me(support)["admin_id"], "key_id": key,
           "bot_id": typeid.make("bot"), "consumer_id": typeid.make("consumer")}
    path = operation.path.format(**ids)
    caller = platform if operation.permission == "platform_admin" else owner
    extra = EXTRA - properties(operation.body)

    def state() -> list:
        lists = [owner.get(path).content for path in ("/v1/tenant", "/v1/admins", "/v1/invitations", "/v1/api-keys")]
        return lists + [platform.get(f"/v1/platform/tenants/{tenant[0]['id']}").content, len(platform.everything("/v1/platform/tenants"))]

    before = state()
    answers = [caller.send(operation.method, path, json=operation.example | {name: "x" for name in names})
               for names in (extra, {"id"}, {"is_platform_admin"})]

    for answer in answers:
        problem = assert_problem(answer, 422, "invalid_fields")
        assert problem["errors"]
    refused = {error["pointer"]: error["code"] for error in answers[0].json()["errors"]}
    for name in extra:
        assert refused["/" + name.replace("~", "~0").replace("/", "~1")] == "unknown"
    assert state() == before


def test_a_field_within_a_field_is_refused_too(platform, tenant, owner):
    path = f"/v1/platform/tenants/{tenant[0]['id']}"
    for caller, where, body, pointer in (
            (owner, "/v1/tenant", {"settings": {"status": "active"}}, "/settings/status"),
            (owner, "/v1/tenant", {"limits": {"bots": 1000}}, "/limits"),
            (owner, "/v1/tenant", {"billing": None}, "/billing"),
            (platform, path, {"limits": {"birds": 1}}, "/limits/birds"),
            (platform, path, {"billing": {"plan": "x", "monthly_cents": 1, "currency": "EUR", "paid": True}}, "/billing/paid"),
            (platform, path, {"status": "deleted"}, "/status")):
        problem = assert_problem(caller.patch(where, body), 422, "invalid_fields")

        assert pointer in [error["pointer"] for error in problem["errors"]]


# Bombs

NUMBER = "9" * 100_000
BODIES = {
    "deep arrays": b'{"name":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep objects": b'{"name":' * 100_000 + b"1" + b"}" * 100_000,
    "deep and open": b'{"a":' * 150_000,
    "33 levels": b'{"name":' * 34 + b"1" + b"}" * 34,
    "a name twice": b'{"name":"a","name":"b"}',
    "a name twice, spelled differently": b'{"name":"a","\\u006eame":"b"}',
    "a name twice within": b'{"settings":{"locale":"a","locale":"b"}}',
    "a huge number": b'{"name":' + NUMBER.encode() + b"}",
    "a huge exponent": b'{"name":1e999999999}',
    "a fine fraction": b'{"name":0.' + b"0" * 100_000 + b"1}",
    "not a number": b'{"name":NaN}',
    "infinity": b'{"name":Infinity}',
    "a hexadecimal number": b'{"name":0x10}',
    "a zero before": b'{"name":01}',
    "NUL in text": b'{"name":"a\\u0000b"}',
    "NUL": b'{"name":"a\x00b"}',
    "half a surrogate": b'{"name":"\\ud800"}',
    "surrogates the wrong way": b'{"name":"\\udc00\\ud800"}',
    "overlong UTF-8": b'{"name":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"name":"\xed\xa0\x80"}',
    "UTF-16": '{"name":"a"}'.encode("utf-16"),
    "UTF-8 with a mark": b'\xef\xbb\xbf{"name":"a"}',
    "a million names": b'{' + b",".join(b'"n%d":1' % number for number in range(60_000)) + b"}",
    "a long text": b'{"name":"' + b"x" * 1_000_000 + b'"}',
    "a comment": b'{"name":"a"/**/}',
    "a comma behind": b'{"name":"a",}',
    "two texts": b'{"name":"a"}{"name":"b"}',
    "an array": b'["name"]', "a string": b'"name"', "null": b"null", "nothing": b"", "space": b"  ",
}


@pytest.mark.parametrize("method, path", [("PATCH", "/v1/tenant"), ("POST", "/v1/api-keys"), ("POST", "/v1/auth/login")])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_refused_and_costs_little(rookery, owner, method, path, body):
    caller = Caller(rookery.api) if path.endswith("login") else owner

    answer = caller.send(method, path, content=body, headers=JSON)

    assert answer.status_code in (400, 422), answer.text
    assert_problem(answer, answer.status_code)
    assert len(answer.content) < 8_000_000
    assert answer.elapsed.total_seconds() < 5


def test_a_text_as_long_as_may_be_is_kept_as_it_is(owner):
    name = "𝒳é漢\u202e'\"\\<script>$1{{7*7}}%s" + "ö" * 160

    made = ok(owner.post("/v1/api-keys", {"name": name, "permissions": ["view_bots"]}))

    assert made["name"] == name
    assert ok(owner.get(f"/v1/api-keys/{made['id']}"))["name"] == name
    ok(owner.post("/v1/api-keys", {"name": "𝒳" * 200, "permissions": ["view_bots"]}))
    assert_problem(owner.post("/v1/api-keys", {"name": "x" * 201, "permissions": ["view_bots"]}), 422)


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json", "application/jsonp",
    "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_not_called_json_is_415(owner, kind):
    answer = owner.send("POST", "/v1/api-keys", content=b'{"name":"x","permissions":["view_bots"]}',
                        headers={"Content-Type": kind})

    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("headers, statuses", [
    ({"X-Long": "x" * 40_000}, (431,)),
    ({f"X-Many-{number}": "x" * 20 for number in range(2_000)}, (431,)),
    ({"Authorization": "Bearer " + "a" * 15_000}, (401, 431)),
    ({"Authorization": "Bearer " + "." * 14_000}, (401, 431)),
    ({"Authorization": "Bearer"}, (401,)), ({"Authorization": "Bearer x y"}, (401,)), ({"Authorization": ""}, (401,)),
    ({"Authorization": "Basic b3duZXI6cGFzc3dvcmQ="}, (401,)),
    ({"Authorization": "bearer\tx"}, (400, 401)),
    ({"Cookie": "session=" + "x" * 8_000}, (401,)),
    ({"X-Forwarded-For": "1.1.1.1," * 1_500}, (400, 401)),
    ({"X-Forwarded-For": "' OR 1=1 --"}, (400, 401)),
    ({"Accept-Encoding": "gzip;q=" + "9" * 8_000}, (401,)),
    ({"If-None-Match": '"x",' * 2_000}, (401,)),
], ids=lambda it: str(it)[:40])
def test_hostile_headers_are_refused(rookery, headers, statuses):
    answer = Caller(rookery.api).get("/v1/tenant", headers=headers)

    assert answer.status_code in statuses, answer.text


def test_two_tokens_are_none(owner, rookery):
    with httpx.Client(trust_env=False, timeout=20) as client:
        answer = client.get(rookery.api + "/v1/tenant", headers=[
            ("Authorization", f"Bearer {owner.token}"), ("Authorization", f"Bearer {owner.token}")])

    assert_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ".encode(), b"\xff", "a\tb"])
def test_an_idempotency_key_that_is_none_is_refused(owner, key):
    before = len(owner.everything("/v1/api-keys"))

    answer = owner.post("/v1/api-keys", {"name": "x", "permissions": ["view_bots"]}, headers={"Idempotency-Key": key})

    assert answer.status_code == 400, answer.text
    assert len(owner.everything("/v1/api-keys")) == before


@pytest.mark.parametrize("query, code", [
    ("limit=0", "invalid_parameter"), ("limit=-1", "invalid_parameter"), ("limit=", "invalid_parameter"),
    ("limit=x", "invalid_parameter"), ("limit=1.5", "invalid_parameter"), ("limit=%31%00", "invalid_parameter"),
    ("limit=1&limit=2", "invalid_parameter"), ("limit=%ff", "invalid_parameter"), ("limit=１", "invalid_parameter"),
    ("birds=1", "unknown_parameter"), ("Limit=1", "unknown_parameter"), ("offset=5", "unknown_parameter"),
    ("cursor=x", "invalid_cursor"), ("cursor=" + "A" * 4000, "invalid_cursor"), ("cursor=%00", "invalid_parameter")],
    ids=lambda it: it[:20])
@pytest.mark.parametrize("path", [one.path for one in OPERATIONS if "cursor" in one.query and not one.ids])
def test_a_wrong_parameter_is_refused(platform, tenant, path, query, code):
    caller = Caller(platform.api, platform.token, {"Rookery-Tenant": tenant[0]["id"]})

    answer = caller.get(f"{path}?{query}")

    assert_problem(answer, 400, code)


def test_a_limit_above_the_highest_is_taken_as_the_highest(owner):
    for limit in ("200", "201", "9" * 30):
        assert owner.get("/v1/roles", params={"limit": limit}).status_code == 200


def test_after_all_that_the_program_is_well(rookery, owner):
    assert rookery.process.is_running()
    assert ok(owner.get("/health"))["status"] == "ok"
    ok(owner.get("/v1/tenant"))


# Limits

def test_above_a_tenants_limit_is_429_and_says_when_to_come_again(platform):
    made, owner = new_tenant(platform, "Narrow")
    other, neighbour = new_tenant(platform, "Wide")
    ok(platform.patch(f"/v1/platform/tenants/{made['id']}", {"limits": {"requests_per_minute": 30}}))
    until(lambda: "q=30;" in owner.get("/v1/roles").headers["ratelimit-policy"], 10)

    answers = [owner.get("/v1/roles") for _ in range(60)]
    refused = next(answer for answer in answers if answer.status_code == 429)

    assert_problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"tenant";q=30;w=60'
    assert '"tenant";r=0;' in refused.headers["ratelimit"]
    assert [answer.status_code for answer in (neighbour.get("/v1/roles") for _ in range(5))] == [200] * 5


# Merge patches

def test_a_merge_patch_changes_what_it_names_and_null_removes(owner):
    ok(owner.patch("/v1/tenant", {"settings": {"timezone": "Europe/Berlin", "locale": "de-DE"}}))

    ok(owner.patch("/v1/tenant", {"settings": {"locale": None}}))
    settings = ok(owner.patch("/v1/tenant", {}))["settings"]

    assert settings["timezone"] == "Europe/Berlin" and settings["locale"] is None
    assert_problem(owner.patch("/v1/tenant", {"name": None}), 422, "invalid_fields")


def test_of_two_changes_to_one_version_one_is_done(owner):
    version = owner.get("/v1/tenant").headers["etag"]

    first = owner.patch("/v1/tenant", {"name": "First"}, headers={"If-Match": version})
    second = owner.patch("/v1/tenant", {"name": "Second"}, headers={"If-Match": version})

    assert first.status_code == 200 and first.headers["etag"] != version
    assert_problem(second, 412, "precondition_failed")
    assert second.headers["etag"] == first.headers["etag"]
    assert ok(owner.get("/v1/tenant"))["name"] == "First"
    assert json.loads(first.content)["updated_at"] > ok(owner.get("/v1/tenant"))["created_at"]
