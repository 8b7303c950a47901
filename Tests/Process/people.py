"""Tenants and their people, made by way of the API as platform admins and owners make them."""

import secrets
from dataclasses import dataclass, field

import database
import web
from api import Caller, ok, sign_in
from rookery import Rookery, until
from updates import edit, new_chat

PASSWORD = "walk the rookery at dawn"


@dataclass
class Company:
    """A tenant with an owner, a trainer and a support, a key, a bot, a consumer, an invitation, an update, and an
    expired delivery, a retry job and a replay of that consumer."""

    id: str
    name: str
    people: dict[str, Caller]
    # By the parameter's name in openapi.yaml.
    ids: dict[str, str | int]
    key: Caller
    bot: database.Bot
    invitation_token: str
    emails: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> Caller:
        return self.people["owner"]


def platform_admin(rookery: Rookery) -> Caller:
    caller = sign_in(rookery.api, **rookery.platform_admin)
    caller.refresh_token = None
    return caller


def new_tenant(platform: Caller, name: str, email: str | None = None) -> tuple[dict, Caller]:
    """A tenant without a limit of requests, and its owner, signed in."""
    email = email or f"owner-{secrets.token_hex(6)}@example.com"
    made = ok(platform.post("/v1/platform/tenants", {
        "name": name, "owner_email": email, "limits": {"requests_per_minute": None}}))
    return made, accept(platform.api, made["invitation"]["token"], "Olga Owner")


def accept(api: str, token: str, name: str) -> Caller:
    caller = Caller(api)
    tokens = ok(caller.post("/v1/auth/invitations/accept", {"token": token, "password": PASSWORD, "name": name}))
    caller.token, caller.refresh_token = tokens["access_token"], tokens["refresh_token"]
    return caller


def join(owner: Caller, role: str, email: str | None = None, name: str = "Pat Person") -> Caller:
    """One more person in the owner's tenant."""
    email = email or f"{role}-{secrets.token_hex(6)}@example.com"
    invited = ok(owner.post("/v1/invitations", {"email": email, "role": role}))
    return accept(owner.api, invited["token"], name)


def new_key(owner: Caller, *permissions: str, name: str = "key") -> tuple[Caller, str]:
    made = ok(owner.post("/v1/api-keys", {"name": name, "permissions": list(permissions)}))
    return Caller(owner.api, made["key"]), made["id"]


def me(caller: Caller) -> dict:
    return ok(caller.get("/v1/auth/me"))


def company(rookery: Rookery, platform: Caller, mark: str, endpoint: str) -> Company:
    """Everything in it carries the mark, wherever people write something."""
    low = mark.lower()
    emails = {role: f"{role}.{low}@example.com" for role in ("owner", "trainer", "support")}
    made, owner = new_tenant(platform, f"{mark} name", emails["owner"])
    ok(owner.patch("/v1/tenant", {"settings": {"contact_email": f"contact.{low}@example.com"}}))
    ok(platform.patch(f"/v1/platform/tenants/{made['id']}", {
        "billing": {"plan": f"{mark} plan", "monthly_cents": 4900, "currency": "EUR"}}))
    people = {"owner": owner} | {
        role: join(owner, role, emails[role], f"{mark} {role}") for role in ("trainer", "support")}
    for person in people.values():
        person.headers["User-Agent"] = f"{mark} agent"
    key, key_id = new_key(owner, "view_applications", name=f"{mark} key")
    invitation = ok(owner.post("/v1/invitations", {"email": f"invited.{low}@example.com", "role": "support"}))
    bot = database.create_bot(rookery, made["id"], name=f"{mark} bot", username=f"{low}_bot")
    batch = ok(owner.post("/v1/bot-imports", {"bots": [{"token": f"1:{secrets.token_urlsafe(30)}"}], "mode": "polling"}))
    consumer = database.create_consumer(rookery, f"{endpoint}/{low}", bot, name=f"{mark} consumer")
    update = edit(new_chat(), text=f"{mark} text")
    until(lambda: send(rookery, bot, update) == 200, 15)
    retry = ok(owner.post(f"/v1/consumers/{consumer}/retry-dead"))
    replay = ok(owner.post(f"/v1/consumers/{consumer}/replay", {
        "from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}))
    return Company(made["id"], f"{mark} name", people, {
        "tenant_id": made["id"], "admin_id": me(people["support"])["admin_id"], "invitation_id": invitation["id"],
        "key_id": key_id, "session_id": me(owner)["session_id"], "bot_id": bot.id, "consumer_id": consumer, "import_id": batch["id"],
        "update_id": update["update_id"], "delivery_id": database.create_delivery(rookery, bot, consumer, f"{mark} error"),
        "retry_id": retry["id"], "replay_id": replay["id"]}, key, bot, invitation["token"], emails)


def send(rookery: Rookery, bot: database.Bot, update: dict) -> int:
    """As Telegram sends it."""
    return web.post(f"{rookery.api}/telegram/webhook/{bot.id}", json=update,
                    headers={"X-Telegram-Bot-Api-Secret-Token": bot.secrets[0]}).status_code


def suspend(platform: Caller, company: Company) -> None:
    ok(platform.patch(f"/v1/platform/tenants/{company.id}", {"status": "suspended"}))
    until(lambda: company.owner.get("/v1/auth/me").status_code == 403, 5)
