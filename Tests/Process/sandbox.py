"""The control side of `rookery sandbox`: what people do in Telegram, what bots were seen to call, and what goes wrong."""

import pathlib
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

import web
from processes import BINARY, Process


class Sandbox:
    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self._client = web.client(40)

    def ask(self, method: str, path: str, body: dict | None = None, query: dict | None = None) -> dict:
        answer = self._client.request(method, f"{self.url}/sandbox{path}", json=body, params=query)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def create_bot(self) -> "SandboxBot":
        made = self.ask("POST", "/bots", {})
        return SandboxBot(self, made["telegram_id"], made["token"])

    def bot(self, telegram_id: int) -> "SandboxBot":
        made = self.ask("GET", f"/bots/{telegram_id}")
        return SandboxBot(self, made["telegram_id"], made["token"])

    def calls(self, method: str | None = None, after: int = 0) -> list[dict]:
        """Those of all bots: id, telegram_id, method, status and at."""
        found: list[dict] = []
        has_more = True
        while has_more:
            query = {"after": found[-1]["id"] if found else after, "limit": 10_000} | of(method)
            page = self.ask("GET", "/calls", query=query)
            found += page["calls"]
            has_more = page["has_more"]
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """How many calls there were, by method (in lower case) and status."""
        return self.ask("GET", "/calls/counts")

    def mark(self) -> int:
        """The id of the last call, to look at those after it."""
        calls = self.calls()
        return calls[-1]["id"] if calls else 0

    @contextmanager
    def outage(self, kind: str | int = 502):
        """No call of any bot is carried out."""
        self.ask("PUT", "/faults", {"kind": kind})
        try:
            yield
        finally:
            self.ask("DELETE", "/faults")


@dataclass
class SandboxBot:
    sandbox: Sandbox = field(repr=False)
    telegram_id: int
    token: str

    @property
    def secret_part(self) -> str:
        """What of the token is a secret: the number in front of the colon is not."""
        return self.token.partition(":")[2]

    def ask(self, method: str, path: str = "", body: dict | None = None, query: dict | None = None) -> dict:
        return self.sandbox.ask(method, f"/bots/{self.telegram_id}{path}", body, query)

    def write(self, user: int, text: str) -> int:
        """A user writes to the bot in their private chat. Returns the update's id."""
        return self.ask("POST", "/messages", {"user_id": user, "text": text})["update_id"]

    def state(self) -> dict:
        return self.ask("GET", "/state")

    @property
    def webhook(self) -> str | None:
        found = self.state()["webhook"]
        return found["url"] if found else None

    @property
    def pending(self) -> int:
        return self.state()["pending"]["total"]

    @property
    def is_polling(self) -> bool:
        return self.state()["is_polling"]

    def calls(self, method: str, count: int = 1, seconds: int = 20) -> list[dict]:
        """The parameters of the calls of that method which the bot has made, once there are so many."""
        found: list[dict] = []
        while len(found) < count:
            query = {"method": method, "after": found[-1]["id"] if found else 0, "wait": seconds}
            more = self.ask("GET", "/calls", query=query)["calls"]
            assert more, f"{count} calls of {method} wanted, {found} came"
            found += more
        return [call["parameters"] for call in found]

    def count(self, method: str | None = None) -> int:
        """How many calls of that method there were so far."""
        return len(self.ask("GET", "/calls", query=of(method))["calls"])

    def call(self, method: str, **parameters) -> httpx.Response:
        """Somebody else who has the token calls."""
        return web.post(f"{self.sandbox.url}/bot{self.token}/{method}", json=parameters)

    def fault(self, kind: str | int, method: str | None = None, count: int | None = None, **more) -> None:
        values = {"kind": kind, "method": method, "count": count} | more
        self.ask("PUT", "/faults", {name: value for name, value in values.items() if value is not None})

    def clear_faults(self) -> None:
        self.ask("DELETE", "/faults")

    def fail_deliveries(self, kind: str | int) -> None:
        self.ask("PUT", "/delivery-fault", {"kind": kind})

    def let_deliveries_pass(self) -> None:
        self.ask("DELETE", "/delivery-fault")

    def set_foreign_webhook(self, url: str) -> None:
        """Somebody else who has the token sets a webhook; deletes it when the URL is empty."""
        self.ask("POST", "/webhook", {"url": url})

    def say_of_webhook(self, **fields) -> None:
        """What getWebhookInfo says from now on, until another webhook is set."""
        self.ask("PUT", "/webhook-info", fields)

    def revoke(self) -> str:
        """@BotFather gives out a new token, which this returns; the old one is worth nothing."""
        self.token = self.ask("POST", "/revoke")["token"]
        return self.token


def of(method: str | None) -> dict[str, str]:
    """As a query."""
    return {"method": method} if method else {}


@contextmanager
def alone(folder: pathlib.Path, *options: str):
    """A sandbox in a process of its own, which survives when Rookery is killed."""
    process = Process([BINARY, "sandbox", "--listen", "127.0.0.1:0", *options], folder / "sandbox.log")
    try:
        yield Sandbox(process.first_line(30).decode().split()[-1])
    finally:
        process.end()
