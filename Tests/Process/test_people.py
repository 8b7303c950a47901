"""Signing in, staying signed in, and never losing the last owner."""

import secrets

import pytest

from api import Caller, assert_problem, at_once, ok, sign_in
from people import PASSWORD, accept, join, me, new_key, new_tenant, platform_admin
from rookery import until


@pytest.fixture(scope="module")
def platform(rookery) -> Caller:
    return platform_admin(rookery)


@pytest.fixture
def tenant(platform) -> tuple[dict, Caller]:
    return new_tenant(platform, "People")


@pytest.fixture
def owner(tenant) -> Caller:
    return tenant[1]


def refresh(api: str, token: str):
    return Caller(api).post("/v1/auth/refresh", {"refresh_token": token})


def test_fifty_refreshes_at_once_give_one_successor(rookery, owner):
    callers = [Caller(rookery.api) for _ in range(50)]
    asked = {"refresh_token": owner.refresh_token}

    answers = at_once(*(lambda one=one: one.post("/v1/auth/refresh", asked) for one in callers))

    assert {answer.status_code for answer in answers} == {200}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert successors != {owner.refresh_token}
    assert refresh(rookery.api, successors.pop()).status_code == 200
    owner.token = answers[0].json()["access_token"]
    assert len(ok(owner.get("/v1/auth/sessions"))["data"]) == 1


def test_an_old_refresh_token_ends_the_session(rookery, owner):
    first = owner.refresh_token
    second = ok(refresh(rookery.api, first))["refresh_token"]
    third = ok(refresh(rookery.api, second))

    assert_problem(refresh(rookery.api, first), 401, "invalid_token")

    assert_problem(refresh(rookery.api, third["refresh_token"]), 401, "invalid_token")
    until(lambda: owner.get("/v1/auth/me").status_code == 401, 1.5)


def test_what_is_no_refresh_token_is_refused(rookery, owner):
    for token in (owner.token, "", "rk_ref_", "rk_ref_" + "A" * 43, owner.refresh_token[:-1], owner.refresh_token + "A",
                  owner.refresh_token.upper(), new_key(owner, "view_bots")[0].token, "rk_ref_" + "x" * 100_000):
        answer = refresh(rookery.api, token)

        assert answer.status_code in (401, 422), answer.text


def test_an_unknown_account_and_a_wrong_password_are_answered_alike(rookery, owner):
    email = me(owner)["account"]["email"]
    bodies = []
    for name in (email, email.upper(), f"{secrets.token_hex(6)}@example.com"):
        answer = Caller(rookery.api).post("/v1/auth/login", {"email": name, "password": "wrong horse battery"})
        problem = assert_problem(answer, 401, "invalid_credentials")
        bodies.append({name: value for name, value in problem.items() if name != "request_id"})

    assert bodies[0] == bodies[1] == bodies[2]


def test_after_five_failures_the_account_waits_and_no_other_does(rookery, tenant, owner):
    trainer = join(owner, "trainer")
    email = me(trainer)["account"]["email"]

    answers = [Caller(rookery.api).post("/v1/auth/login", {"email": email, "password": "wrong horse battery"})
               for _ in range(8)]
    right = Caller(rookery.api).post("/v1/auth/login", {"email": email, "password": PASSWORD})

    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert 429 in [answer.status_code for answer in answers]
    assert_problem(right, 429, "rate_limited")
    assert int(right.headers["retry-after"]) >= 1
    sign_in(rookery.api, me(owner)["account"]["email"], PASSWORD)
    assert trainer.get("/v1/auth/me").status_code == 200


def test_who_is_in_several_tenants_chooses_after_the_right_password_only(rookery, platform, tenant, owner):
    email = me(owner)["account"]["email"]
    other, _ = new_tenant(platform, "Second", email)
    asked = {"email": email, "password": PASSWORD}

    choice = Caller(rookery.api).post("/v1/auth/login", asked)
    wrong = Caller(rookery.api).post("/v1/auth/login", asked | {"password": "wrong horse battery"})

    problem = assert_problem(choice, 409, "tenant_required")
    assert {(row["tenant_id"], row["name"], row["role"]) for row in problem["tenants"]} == {
        (tenant[0]["id"], tenant[0]["name"], "owner"), (other["id"], "Second", "owner")}
    assert "tenants" not in assert_problem(wrong, 401, "invalid_credentials")
    chosen = sign_in(rookery.api, email, PASSWORD, other["id"])
    assert me(chosen)["tenant"]["id"] == other["id"]


def test_of_two_owners_who_demote_each_other_at_once_one_stays(platform):
    for turn in range(6):
        made, one = new_tenant(platform, f"Race {turn}")
        other = join(one, "owner")
        ids = [me(caller)["admin_id"] for caller in (one, other)]
        change = [lambda: one.patch(f"/v1/admins/{ids[1]}", {"role": "support"}),
                  lambda: other.patch(f"/v1/admins/{ids[0]}", {"role": "support"})]
        remove = [lambda: one.delete(f"/v1/admins/{ids[1]}"), lambda: other.delete(f"/v1/admins/{ids[0]}")]
        themselves = [lambda: one.delete(f"/v1/admins/{ids[0]}"), lambda: other.delete(f"/v1/admins/{ids[1]}")]

        answers = at_once(*(change, remove, themselves)[turn % 3])

        acting = Caller(platform.api, platform.token, {"Rookery-Tenant": made["id"]})
        owners = [row for row in acting.everything("/v1/admins") if row["role"] == "owner"]
        statuses = sorted(answer.status_code for answer in answers)
        assert len(owners) == 1, statuses
        assert statuses[0] in (200, 204) and statuses[1] in (401, 403, 404, 409)


def test_the_last_owner_cannot_be_demoted_or_removed(platform, tenant, owner):
    path = f"/v1/admins/{me(owner)['admin_id']}"
    acting = Caller(platform.api, platform.token, {"Rookery-Tenant": tenant[0]["id"]})
    join(owner, "trainer")

    for caller in (owner, acting):
        assert_problem(caller.patch(path, {"role": "trainer"}), 409, "last_owner")
        assert_problem(caller.delete(path), 409, "last_owner")
    assert ok(owner.patch(path, {"role": "owner"}))["role"] == "owner"


def test_what_is_taken_away_counts_within_a_second(platform, tenant, owner):
    support, trainer = join(owner, "support"), join(owner, "trainer")
    key, key_id = new_key(owner, "view_bots")
    for caller in (support, trainer, key):
        assert caller.get("/v1/bots").status_code == 200

    ok(owner.patch(f"/v1/admins/{me(trainer)['admin_id']}", {"role": "owner"}))
    ok(owner.delete(f"/v1/admins/{me(support)['admin_id']}"))
    ok(owner.delete(f"/v1/api-keys/{key_id}"))

    until(lambda: support.get("/v1/bots").status_code == 401, 1.5)
    until(lambda: key.get("/v1/bots").status_code == 401, 1.5)
    # The token says trainer: it counts no more, and the next one says owner.
    until(lambda: trainer.get("/v1/bots").status_code == 401, 1.5)
    trainer.token = ok(refresh(trainer.api, trainer.refresh_token))["access_token"]
    assert trainer.get("/v1/admins").status_code == 200

    ok(platform.patch(f"/v1/platform/tenants/{tenant[0]['id']}", {"status": "suspended"}))
    until(lambda: owner.get("/v1/bots").status_code == 403, 1.5)
    ok(platform.patch(f"/v1/platform/tenants/{tenant[0]['id']}", {"status": "active"}))
    until(lambda: owner.get("/v1/bots").status_code == 200, 1.5)


def test_a_new_password_ends_the_other_sessions(rookery, owner):
    email = me(owner)["account"]["email"]
    other = sign_in(rookery.api, email, PASSWORD)
    new = "a nest for every bird"

    assert owner.send("PUT", "/v1/auth/password", json={"current_password": PASSWORD, "new_password": new}).status_code == 204

    until(lambda: other.get("/v1/auth/me").status_code == 401, 1.5)
    assert_problem(refresh(rookery.api, other.refresh_token), 401)
    assert owner.get("/v1/auth/me").status_code == 200
    assert_problem(Caller(rookery.api).post("/v1/auth/login", {"email": email, "password": PASSWORD}), 401)
    sign_in(rookery.api, email, new)


@pytest.mark.parametrize("password, code", [
    ("short", "too_short"), ("x" * 257, "too_long"), ("password1234", "too_common"), ("", "too_short")])
def test_a_weak_password_is_refused(rookery, owner, password, code):
    answer = owner.send("PUT", "/v1/auth/password", json={"current_password": PASSWORD, "new_password": password})
    invited = ok(owner.post("/v1/invitations", {"email": f"{secrets.token_hex(6)}@example.com", "role": "support"}))
    joining = Caller(rookery.api).post("/v1/auth/invitations/accept", {
        "token": invited["token"], "password": password, "name": "Nora"})

    for one, pointer in ((answer, "/new_password"), (joining, "/password")):
        problem = assert_problem(one, 422, "invalid_fields")
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]


def test_an_invitation_opens_once_for_its_role_and_no_higher(rookery, owner):
    invited = ok(owner.post("/v1/invitations", {"email": f"{secrets.token_hex(6)}@example.com", "role": "trainer"}))
    caller = accept(rookery.api, invited["token"], "Tom")

    again = Caller(rookery.api).post("/v1/auth/invitations/accept", {"token": invited["token"], "password": PASSWORD, "name": "Eve"})

    assert me(caller)["role"] == "trainer"
    assert_problem(again, 400, "invalid_invitation")
    withdrawn = ok(owner.post("/v1/invitations", {"email": f"{secrets.token_hex(6)}@example.com", "role": "trainer"}))
    assert owner.delete(f"/v1/invitations/{withdrawn['id']}").status_code == 204
    assert_problem(Caller(rookery.api).post("/v1/auth/invitations/accept", {
        "token": withdrawn["token"], "password": PASSWORD, "name": "Eve"}), 400, "invalid_invitation")


def test_one_invitation_accepted_by_many_at_once_makes_one_admin(rookery, owner):
    email = f"{secrets.token_hex(6)}@example.com"
    invited = ok(owner.post("/v1/invitations", {"email": email, "role": "support"}))
    body = {"token": invited["token"], "password": PASSWORD, "name": "Nora"}

    answers = at_once(*(lambda one=one: one.post("/v1/auth/invitations/accept", body)
                        for one in [Caller(rookery.api) for _ in range(5)]))

    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    assert [row["email"] for row in owner.everything("/v1/admins")].count(email) == 1


def test_a_key_makes_no_key_or_invitation_above_itself(owner):
    key, _ = new_key(owner, "manage_api_keys", "manage_admins", "view_bots")

    refused = key.post("/v1/api-keys", {"name": "more", "permissions": ["view_bots", "view_audit_log"]})

    assert assert_problem(refused, 403, "forbidden")["permission"] == "view_audit_log"
    assert ok(key.post("/v1/api-keys", {"name": "same", "permissions": ["view_bots"]}))["permissions"] == ["view_bots"]
    assert_problem(key.post("/v1/invitations", {"email": "x@example.com", "role": "owner"}), 403, "forbidden")


def test_a_key_is_bound_to_addresses_and_time(rookery, owner):
    made = ok(owner.post("/v1/api-keys", {
        "name": "bound", "permissions": ["view_bots"], "allowed_addresses": ["198.51.100.0/24", "2001:db8::1"]}))

    statuses = {address: Caller(rookery.api, made["key"], address=address).get("/v1/bots").status_code
                for address in ("198.51.100.7", "198.51.101.7", "2001:db8::1", "2001:db8::2")}

    assert statuses == {"198.51.100.7": 200, "198.51.101.7": 403, "2001:db8::1": 200, "2001:db8::2": 403}
    for value in ("2020-01-01T00:00:00Z", "tomorrow", 5):
        assert_problem(owner.post("/v1/api-keys", {
            "name": "late", "permissions": ["view_bots"], "expires_at": value}), 422, "invalid_fields")
    assert "key" not in ok(owner.get(f"/v1/api-keys/{made['id']}"))
