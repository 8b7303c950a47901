"""Nobody sees or does what they may not: every operation of openapi.yaml, by every kind of caller, at every id.

What each caller may do follows from the operation's `x-permission` and from the roles as docs and contract have them;
what an operation answers to those who may stands in `GRANTED`. An operation that is not there fails a test.
"""

import secrets

import pytest

import typeid
from api import Caller, assert_problem, ok, sign_in, told
from openapi import BY_ID, OPERATIONS, Operation
from people import PASSWORD, platform_admin
from receiver import listening
from world import ACTORS, ROLES, World, make_world

# A call that would change something is made with this version, so that it is understood, allowed, and not done.
STALE = {"If-Match": '"stale"'}

# What comes of an operation for somebody who may use it, with the ids of their own tenant.
GRANTED = {
    "signIn": 401, "refreshSession": 401, "acceptInvitation": 400,
    "signOut": 204, "showCaller": 200, "listSessions": 200, "endSession": 404, "changePassword": 422,
    "listTenants": 200, "createTenant": 201, "showTenant": 200, "updateTenant": 412, "deleteTenant": 412,
    "listPlatformAuditEvents": 200,
    "showOwnTenant": 200, "updateOwnTenant": 412, "listAdmins": 200, "showAdmin": 200, "updateAdmin": 412,
    "removeAdmin": 412, "listInvitations": 200, "invite": 201, "showInvitation": 200, "withdrawInvitation": 412,
    "listRoles": 200, "listAPIKeys": 200, "createAPIKey": 201, "showAPIKey": 200, "revokeAPIKey": 412,
    "listAuditEvents": 200,
    # Telegram knows no token of an example; the bots here are of no use at Telegram, and have no token.
    "connectBot": 422, "updateBot": 412, "disconnectBot": 412, "showWebhook": 200, "setWebhook": 412,
    "deleteWebhook": 412, "refreshWebhook": 409, "rotateWebhookSecret": 409, "replaceBotToken": 422,
    "listBotImports": 200, "importBots": 202, "showBotImport": 200, "cancelBotImport": 204, "listBotImportItems": 200,
    "showBotHealth": 200, "listWebhooks": 200,
    # The tenant of the example is nobody's.
    "usePolling": 422, "useWebhook": 422,
    "showTelegramLink": 200, "createTelegramLink": 201, "deleteTelegramLink": 204,
    "listBots": 200, "showBot": 200, "listUpdates": 200, "showUpdate": 200,
    "listConsumers": 200, "createConsumer": 201, "showConsumer": 200, "updateConsumer": 412, "deleteConsumer": 412,
    "rotateConsumerSecret": 200, "testConsumer": 200, "pauseConsumer": 200, "resumeConsumer": 200,
    # The consumer pushes, its one delivery is expired, its jobs have ended, and the range of the example is empty.
    "pullUpdates": 409, "acknowledgeUpdates": 409, "listDeliveries": 200, "listAttempts": 200, "showDelivery": 200,
    "retryDelivery": 409, "skipDelivery": 409, "retryDead": 202, "listRetryJobs": 200, "showRetryJob": 200,
    "cancelRetryJob": 412, "replayUpdates": 202, "listReplays": 200, "showReplay": 200, "cancelReplay": 412,
    "listGaps": 200,
    "receiveUpdate": 401, "showHealth": 200, "showReadiness": 200, "showDescription": 200, "showMetrics": 200,
    "showDocumentation": 200, "listSigningKeys": 200, "showInvitationPage": 200,
}
# For people only: an API key has neither a session nor a password.
PEOPLE_ONLY = {"signOut", "listSessions", "endSession", "changePassword"}
# For a tenant's own people.
ADMINS_ONLY = {"showTelegramLink", "createTelegramLink", "deleteTelegramLink"}


@pytest.fixture(scope="module")
def world(rookery) -> World:
    with listening() as receiver:
        yield make_world(rookery, receiver, f"Other{secrets.token_hex(6)}")


def expected(world: World, operation: Operation, actor: str) -> tuple[int, str | None]:
    """Status and code for own ids; the code is None where it does not matter."""
    granted = GRANTED[operation.id]
    if operation.permission == "open":
        return granted, None
    if actor in ("anonymous", "revoked session"):
        return 401, "unauthorized" if actor == "anonymous" else "invalid_token"
    if actor == "suspended tenant":
        return 403, "tenant_suspended"
    if operation.id in PEOPLE_ONLY and actor == "key without permission":
        return 403, "forbidden"
    if operation.id in ADMINS_ONLY and actor in ("key without permission", "platform admin"):
        return 403, "forbidden"
    if operation.permission in ("signed_in", "member"):
        return granted, None
    if operation.permission in world.permissions(actor):
        return granted, None
    return 403, "forbidden"


# Ids: of the caller's own world, of another tenant, of nobody, and no id at all

def ids_of(world: World, actor: str) -> dict:
    """Those that the caller may name. For the other tenant's owner, tenant A is the other."""
    own = world.b if actor == "other tenant's owner" else world.a
    return own.ids | {"session_id": typeid.make("session"), "token": "rk_inv_x"}


def foreign(world: World, actor: str, name: str):
    return (world.a if actor == "other tenant's owner" else world.b).ids[name]


def nobodys(name: str):
    return secrets.randbits(40) | 1 << 41 if name == "update_id" else typeid.make(
        {"key_id": "key"}.get(name, name.removesuffix("_id")))


def malformed(name: str) -> list:
    well = str(nobodys(name))
    return ["x", "1e3", "9" * 30] if name == "update_id" else [
        "x", well.upper(), well[:-1], "wrong" + well, well.replace("_", "_8", 1)[:-1], well + "%00"]


def call(world: World, operation: Operation, actor: str, ids: dict):
    path, caller = operation.path, world.actors[actor]
    for name in operation.ids:
        path = path.replace(f"{{{name}}}", str(ids[name]))
    if operation.is_on_admin_address:
        path = world.rookery.admin + path
    body = operation.example
    if field := {"invite": "email", "createTenant": "owner_email", "signIn": "email"}.get(operation.id):
        body = body | {field: f"{secrets.token_hex(8)}@example.com"}
    if operation.id == "signOut" and actor in ("support", "trainer", "owner", "other tenant's owner", "platform admin"):
        caller = another_session(world, actor)
    is_versioned = operation.method in ("PATCH", "DELETE") or operation.id == "setWebhook"
    headers = STALE if is_versioned else {}
    return caller.send(operation.method, path, headers=headers, **({"json": body} if body is not None else {}))


def another_session(world: World, actor: str) -> Caller:
    """Of the same person, to be ended."""
    if actor == "platform admin":
        again = platform_admin(world.rookery)
        again.headers = world.actors[actor].headers
        return again
    of = world.b if actor == "other tenant's owner" else world.a
    return sign_in(world.rookery.api, of.emails["owner" if actor == "other tenant's owner" else actor], PASSWORD)


def test_every_operation_is_in_the_matrix():
    assert set(GRANTED) == set(BY_ID)
    known = {"token", "tenant_id", "admin_id", "invitation_id", "key_id", "session_id", "bot_id", "import_id", "consumer_id",
             "update_id", "delivery_id", "retry_id", "replay_id"}
    assert {name for operation in OPERATIONS for name in operation.ids} <= known
    permissions = {operation.permission for operation in OPERATIONS}
    assert permissions <= ROLES["owner"] | {"open", "signed_in", "member", "platform_admin"}


def test_the_roles_are_those_of_the_contract(world):
    roles = {row["role"]: set(row["permissions"]) for row in world.a.people["support"].everything("/v1/roles")}

    assert roles == ROLES


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_answers_each_caller_as_it_should(world, operation, actor):
    status, code = expected(world, operation, actor)

    answer = call(world, operation, actor, ids_of(world, actor))

    assert str(status) in operation.responses, "an answer that is not described"
    if status >= 400:
        problem = assert_problem(answer, status, code)
        if code == "forbidden" and operation.permission not in ("signed_in", "member"):
            assert problem["permission"] == operation.permission
    assert answer.status_code == status, answer.text
    if operation.path.startswith("/v1/"):
        assert "ratelimit" in answer.headers and "ratelimit-policy" in answer.headers
    if status == 401 and operation.path.startswith("/v1/"):
        assert answer.headers["www-authenticate"].startswith("Bearer")


def positions():
    """Each id in a path. The token in the page's is looked at by nobody."""
    return [(operation, name) for operation in OPERATIONS for name in operation.ids if name != "token"]


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("operation, name", positions(), ids=lambda it: str(it))
def test_another_tenants_id_is_answered_as_one_that_does_not_exist(world, operation, name, actor):
    # To Telegram, which names a bot before it shows its secret, a bot is there or not; platform admins know all tenants.
    is_told = operation.id == "receiveUpdate" or name == "tenant_id" and actor == "platform admin"
    own = ids_of(world, actor)
    status, code = expected(world, operation, actor)

    none = call(world, operation, actor, own | {name: nobodys(name)})
    if status in (401, 403) and operation.id != "receiveUpdate":
        assert_problem(none, status, code)
    else:
        assert_problem(none, 404, "not_found")
    others = [call(world, operation, actor, own | {name: text}) for text in malformed(name)]
    if not is_told:
        others.append(call(world, operation, actor, own | {name: foreign(world, actor, name)}))

    for other in others:
        # What is no text of HTTP at all is refused before anybody looks at who asks.
        if "%00" in str(other.request.url) and other.status_code == 400:
            continue
        assert told(other) == told(none), other.request.url


def test_another_tenants_name_in_a_header_is_answered_as_one_that_does_not_exist(world):
    for actor in ("support", "owner", "key without permission", "suspended tenant"):
        caller = world.actors[actor]

        foreign, none = (caller.get("/v1/auth/me", headers={"Rookery-Tenant": tenant})
                         for tenant in (world.b.id, typeid.make("tenant")))

        assert_problem(none, 403, "forbidden")
        assert told(foreign) == told(none)


def test_signing_in_to_another_tenant_is_answered_as_to_one_that_does_not_exist(world):
    asked = {"email": world.a.emails["support"], "password": PASSWORD}

    foreign, none = (Caller(world.rookery.api).post("/v1/auth/login", asked | {"tenant_id": tenant})
                     for tenant in (world.b.id, typeid.make("tenant")))

    assert_problem(none, 403, "forbidden")
    assert told(foreign) == told(none)


def test_another_tenants_ids_as_filters_find_nothing(world):
    for name, value in (("actor", world.b.ids["admin_id"]), ("target", world.b.ids["key_id"])):
        answer = world.a.owner.get("/v1/audit-events", params={name: value})

        assert ok(answer) == {"data": [], "next_cursor": None, "has_more": False}


def test_revenue_is_seen_by_those_who_may(world):
    seen = {role: ok(person.get("/v1/tenant")) for role, person in world.a.people.items()}

    assert seen["owner"]["billing"]["monthly_cents"] == 4900
    assert "billing" not in seen["trainer"] and "billing" not in seen["support"]


def test_a_cursor_of_another_tenant_list_or_filter_is_refused(world):
    def cursor(caller: Caller, path: str, **query) -> str:
        page = ok(caller.get(path, params={"limit": 1} | query))
        assert page["has_more"]
        return page["next_cursor"]

    theirs = cursor(world.b.owner, "/v1/admins")
    own = cursor(world.a.owner, "/v1/admins")
    filtered = cursor(world.a.owner, "/v1/audit-events", outcome="success")
    altered = own[:-2] + ("A" if own[-2] != "A" else "B") + own[-1]
    wrong = [("/v1/admins", {"cursor": theirs}), ("/v1/invitations", {"cursor": own}), ("/v1/admins", {"cursor": altered}),
             ("/v1/audit-events", {"cursor": filtered}), ("/v1/audit-events", {"cursor": filtered, "outcome": "denied"}),
             ("/v1/admins", {"cursor": ""}), ("/v1/admins", {"cursor": own + "A"})]

    for path, query in wrong:
        assert_problem(world.a.owner.get(path, params=query), 400, "invalid_cursor")
    ok(world.a.owner.get("/v1/admins", params={"cursor": own}))


def test_an_etag_of_another_tenant_is_none_here(world):
    path = f"/v1/admins/{world.a.ids['admin_id']}"
    own = world.a.owner.get(path).headers["etag"]
    theirs = world.b.owner.get(f"/v1/admins/{world.b.ids['admin_id']}").headers["etag"]

    assert own != theirs
    assert world.a.owner.get(path, headers={"If-None-Match": own}).status_code == 304
    assert world.a.owner.get(path, headers={"If-None-Match": theirs}).status_code == 200
    assert_problem(world.a.owner.patch(path, {"role": "support"}, headers={"If-Match": theirs}), 412)
    assert world.a.owner.patch(path, {"role": "support"}, headers={"If-Match": own}).status_code == 200


def test_an_idempotency_key_is_its_callers_own(world):
    header, body = {"Idempotency-Key": secrets.token_hex(8)}, {"name": "twice", "permissions": ["view_bots"]}
    second_owner = sign_in(world.rookery.api, world.a.emails["owner"], PASSWORD)
    acting = world.actors["platform admin"]

    answers = [caller.post("/v1/api-keys", body, headers=header)
               for caller in (world.a.owner, world.b.owner, acting, second_owner)]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert ["idempotency-replayed" in answer.headers for answer in answers] == [False, False, False, True]
    assert len({answer.json()["key"] for answer in answers}) == 3
    assert answers[3].content == answers[0].content
