"""Two tenants, one suspended, and everybody who may call."""

import secrets
from dataclasses import dataclass

from api import Caller, sign_in
from people import PASSWORD, Company, company, platform_admin, suspend
from receiver import Receiver
from rookery import Rookery, until

ROLES = {
    "support": {"view_applications", "view_bots", "view_updates"},
    "trainer": {"view_applications", "view_bots", "view_updates", "manage_clients", "send_messages"},
    "owner": {"view_applications", "view_bots", "view_updates", "manage_clients", "send_messages", "view_revenue",
              "manage_admins", "manage_bots", "manage_consumers", "manage_api_keys", "view_audit_log", "manage_tenant"},
}
ACTORS = ("anonymous", "support", "trainer", "owner", "key without permission", "other tenant's owner",
          "suspended tenant", "revoked session", "platform admin")


@dataclass
class World:
    a: Company
    b: Company
    platform: Caller
    actors: dict[str, Caller]
    rookery: Rookery

    def permissions(self, actor: str) -> set[str]:
        if actor == "platform admin":
            return ROLES["owner"] | {"platform_admin"}
        if actor == "key without permission":
            return {"view_applications"}
        return ROLES.get({"other tenant's owner": "owner"}.get(actor, actor), set())


def make_world(rookery: Rookery, receiver: Receiver, mark: str) -> World:
    """The mark stands in everything of tenant B."""
    platform = platform_admin(rookery)
    endpoint = receiver.url.removesuffix("/telegram")
    a = company(rookery, platform, f"Plain{secrets.token_hex(6)}", endpoint)
    b = company(rookery, platform, mark, endpoint)
    suspended = company(rookery, platform, f"Shut{secrets.token_hex(6)}", endpoint)
    suspend(platform, suspended)
    revoked = sign_in(rookery.api, a.emails["owner"], PASSWORD)
    assert revoked.post("/v1/auth/logout").status_code == 204
    until(lambda: revoked.get("/v1/auth/me").status_code == 401, 5)
    acting = Caller(rookery.api, platform.token, {"Rookery-Tenant": a.id})
    return World(a, b, platform, {
        "anonymous": Caller(rookery.api), "support": a.people["support"], "trainer": a.people["trainer"],
        "owner": a.owner, "key without permission": a.key, "other tenant's owner": b.owner,
        "suspended tenant": suspended.owner, "revoked session": revoked, "platform admin": acting}, rookery)
