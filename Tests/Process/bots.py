"""Bots as their owners have them by the API, beside what they are at Telegram."""

import time
from dataclasses import dataclass, field

import httpx

import database
from api import Caller, ok
from rookery import Rookery, until
from sandbox import Sandbox, SandboxBot

# These ask to come back in a moment: somebody else works on the bot, or Telegram has had enough of it.
BRIEFLY_REFUSED = {"bot_busy", "telegram_rate_limited", "telegram_unavailable"}


@dataclass
class Bot:
    rookery: Rookery = field(repr=False)
    owner: Caller = field(repr=False)
    telegram: SandboxBot
    made: dict = field(repr=False)

    @property
    def id(self) -> str:
        return self.made["id"]

    @property
    def path(self) -> str:
        return f"/v1/bots/{self.id}"

    @property
    def url(self) -> str:
        """Where its webhook belongs."""
        return f"{self.rookery.api}/telegram/webhook/{self.id}"

    def show(self) -> dict:
        return ok(self.owner.get(self.path))

    def webhook(self) -> dict:
        """The webhook as it is stored: Telegram is not asked."""
        return self.show()["webhook"]

    def patch(self, **changes) -> dict:
        return patiently(lambda: self.owner.patch(self.path, changes))

    def post(self, path: str) -> dict:
        return patiently(lambda: self.owner.post(self.path + path))

    def wait_for(self, holds, seconds: float = 30) -> dict:
        """The bot, once it is as asked."""
        last: list[dict] = []

        def asked() -> bool:
            last[:] = [self.show()]
            return holds(last[0])

        until(asked, seconds, lambda: f"the bot is {last[0]}")
        return last[0]

    @property
    def checks(self) -> int:
        """How often Telegram was asked how its webhook is."""
        return self.telegram.count("getWebhookInfo")

    def actions(self) -> list[str]:
        """What the audit trail holds of it, newest first."""
        rows = self.owner.everything("/v1/audit-events")
        return [row["action"] for row in rows if self.id in str(row["target"])]

    def consume(self, url: str) -> None:
        """Has a push consumer at this URL."""
        database.create_consumer(self.rookery, url, database.Bot(self.id, self.tenant_id, []))

    @property
    def tenant_id(self) -> str:
        return ok(self.owner.get("/v1/tenant"))["id"]


def register(rookery: Rookery, owner: Caller, sandbox: Sandbox, mode: str = "webhook", **more) -> Bot:
    telegram = sandbox.create_bot()
    made = patiently(lambda: owner.post("/v1/bots", {"token": telegram.token, "mode": mode} | more))
    return Bot(rookery, owner, telegram, made)


def wait_for_checks(count: int, *bots: Bot, seconds: float = 60) -> None:
    """Until each was checked so many times more."""
    wanted = [bot.checks + count for bot in bots]
    until(lambda: all(bot.checks >= enough for bot, enough in zip(bots, wanted)), seconds,
          lambda: f"checked {[bot.checks for bot in bots]} times, {wanted} wanted")


def patiently(ask, seconds: float = 60) -> dict:
    """Asks again when told to come back in a moment."""
    deadline = time.monotonic() + seconds
    answer: httpx.Response = ask()
    while not answer.is_success and answer.json()["code"] in BRIEFLY_REFUSED and time.monotonic() < deadline:
        time.sleep(min(int(answer.headers["retry-after"]), 5))
        answer = ask()
    return ok(answer)
