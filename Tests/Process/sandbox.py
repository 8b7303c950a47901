"""The control side of `rookery sandbox`: what people do in Telegram, and what bots were seen to call."""

from dataclasses import dataclass

import web
from rookery import Rookery


@dataclass
class SandboxBot:
    telegram_id: int
    token: str


def create_bot(rookery: Rookery) -> SandboxBot:
    made = web.post(f"{rookery.sandbox}/sandbox/bots", json={}).raise_for_status().json()
    return SandboxBot(made["telegram_id"], made["token"])


def write(rookery: Rookery, telegram_id: int, user: int, text: str) -> int:
    """A user writes to the bot in their private chat. Returns the update's id."""
    url = f"{rookery.sandbox}/sandbox/bots/{telegram_id}/messages"
    return web.post(url, json={"user_id": user, "text": text}).raise_for_status().json()["update_id"]


def calls(rookery: Rookery, telegram_id: int, method: str, count: int = 1, seconds: int = 20) -> list[dict]:
    """The parameters of the calls of that method which the bot has made, once there are so many."""
    url = f"{rookery.sandbox}/sandbox/bots/{telegram_id}/calls"
    found: list[dict] = []
    while len(found) < count:
        query = {"method": method, "after": found[-1]["id"] if found else 0, "wait": seconds}
        more = web.get(url, timeout=seconds + 10, params=query).raise_for_status().json()["calls"]
        assert more, f"{count} calls of {method} wanted, {found} came"
        found += more
    return [call["parameters"] for call in found]
