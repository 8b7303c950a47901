"""What schemathesis cannot know: who signs in, and which of the texts that a schema allows the server has given out.

Loaded by `schemathesis run`, which test_contract.py starts; CONTRACT tells by JSON who asks and what there is.
"""

import itertools
import json
import os
import pathlib
import sys
import threading
import uuid

import schemathesis

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import api
import database

WORLD = json.loads(os.environ["CONTRACT"])
# What is asked for by these ends a session or shuts a door: each time, one is made for it.
ENDING = {"signOut", "endSession", "changePassword"}
_turns = itertools.count()


def sign_in() -> str:
    with database.connected(WORLD["database"]) as opened:
        # The failures that are made here on purpose shall not shut this test out.
        opened.execute("DELETE FROM sign_in_failure")
    tenant = None if WORLD["acts"] else WORLD["tenant"]
    return api.sign_in(WORLD["api"], WORLD["email"], WORLD["password"], tenant).token


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """One session for all that ends none. When it has come to its end after all, there is another."""

    token: str | None = None
    lock = threading.Lock()

    def get(self, case, context):
        if context.operation.definition.raw.get("security") == [{"telegramSecret": []}]:
            return {"X-Telegram-Bot-Api-Secret-Token": WORLD["secret"]}
        if operation_id(context.operation) in ENDING:
            return bearer(sign_in())
        with Bearer.lock:
            Bearer.token = Bearer.token or sign_in()
            return bearer(Bearer.token)

    def set(self, case, data, context):
        case.headers.update(data)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def operation_id(operation) -> str:
    return operation.definition.raw["operationId"]


def is_meant_well(case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers
    headers["X-Forwarded-For"] = api.new_address()
    if (case.path_parameters or {}).get("admin_id") == WORLD["self"] and case.method != "GET":
        # Who asks shall stay who they are.
        case.path_parameters["admin_id"] = WORLD["ids"]["admin_id"]
    if not is_meant_well(case):
        return
    if "Idempotency-Key" in headers:
        # Its own: a key that was used for another request is refused, as it should be.
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if "/platform/" in case.operation.path:
        # A body may name a tenant, too, and the one acted in may have been deleted by then.
        headers.pop("Rookery-Tenant", None)
    elif "Rookery-Tenant" in headers:
        headers["Rookery-Tenant"] = WORLD["tenant"]
    elif WORLD["acts"] and case.operation.definition.raw["x-permission"] != "open":
        headers["Rookery-Tenant"] = WORLD["tenant"]
    if operation_id(case.operation) == "pullUpdates" and isinstance(case.body, dict) and case.body.get("wait_ms"):
        # As long as it says, it would wait.
        case.body["wait_ms"] = 10
    if "cursor" in (case.query or {}):
        # One that the server has not made is refused, whatever it looks like.
        del case.query["cursor"]
    if case.method in ("GET", "PATCH") and next(_turns) % 2:
        # What is there, every other time: nobody guesses an id.
        for name in case.path_parameters or {}:
            if name in WORLD["ids"]:
                case.path_parameters[name] = WORLD["ids"][name]


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code == 401 and case.headers.get("Authorization") == f"Bearer {Bearer.token}":
        Bearer.token = None
