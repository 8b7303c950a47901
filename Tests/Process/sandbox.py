"""The control side of `rookery sandbox`: what people do in Telegram, and what bots were seen to call."""

from dataclasses import dataclass

import httpx

from rookery import Rookery


@dataclass
class SandboxBot:
    telegram_id: int
    token: str


def create_bot(rookery: Rookery) -> SandboxBot:
    answer = httpx.post(f"{rookery.sandbox}/sandbox/bots", json={}, timeout=10)
    answer.raise_for_status()
    made = answer.json()
    return SandboxBot(int(made["token"].partition(":")[0]), made["token"])


def write(rookery: Rookery, telegram_id: int, chat_id: int, text: str) -> None:
    """A user writes to the bot in their private chat."""
    httpx.post(f"{rookery.sandbox}/sandbox/bots/{telegram_id}/messages",
               json={"chat_id": chat_id, "user_id": chat_id, "text": text}, timeout=10).raise_for_status()


def calls(rookery: Rookery, telegram_id: int, method: str) -> list[dict]:
    """The parameters of every call of that method which the bot made."""
    answer = httpx.get(f"{rookery.sandbox}/sandbox/bots/{telegram_id}/calls", timeout=10)
    answer.raise_for_status()
    return [call["parameters"] for call in answer.json() if call["method"].lower() == method.lower()]
