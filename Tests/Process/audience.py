"""People who keep writing to a sandbox's bot, from an asyncio loop: messages, buttons, and questions that go stale."""

import asyncio
import json
import random
import time
from urllib.parse import urlsplit

from flaky_receiver import POISON
from sandbox import SandboxBot

# Updates of these kinds are worth nothing after a while, so Telegram and Rookery drop them.
SHORT_LIVED = {"callback_query", "inline_query"}


class Audience:
    def __init__(self, bot: SandboxBot, seed: int, number: int, per_second: float, chats: int = 20):
        # Update ids by kind, in the order in which they were written.
        self.written: dict[str, list[int]] = {"message": [], "callback_query": [], "inline_query": []}
        self._bot, self._per_second = bot, per_second
        self._random = random.Random(f"{seed}/audience {number}")
        self._chats = [7_000_000_000 + number * 1000 + chat for chat in range(chats)]

    @property
    def count(self) -> int:
        return sum(map(len, self.written.values()))

    async def write(self, seconds: float) -> None:
        """One after the other, so that their order is known."""
        address = urlsplit(self._bot.sandbox.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        began = due = time.monotonic()
        try:
            while (passed := time.monotonic() - began) < seconds:
                # None comes so late that all would have to wait for its end.
                kind, path, body = self._next(has_poison=passed < seconds * .6)
                update = await self._post(reader, writer, path, body)
                if update is not None:
                    self.written[kind].append(update)
                # What is missed while the machine stalls is not made up for.
                due = max(due + 1 / self._per_second, time.monotonic() - 1)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            writer.close()

    def _next(self, has_poison: bool) -> tuple[str, str, dict]:
        chat, draw = self._random.choice(self._chats), self._random.random()
        word = POISON.decode() if self._random.random() < .01 and has_poison else "hello"
        if draw < .06:
            return "callback_query", "/callbacks", {"user_id": chat, "data": "press"}
        if draw < .12:
            person = {"id": chat, "is_bot": False, "first_name": "Rosa"}
            query = {"id": str(chat), "from": person, "query": word, "offset": ""}
            return "inline_query", "/updates", {"inline_query": query}
        return "message", "/messages", {"user_id": chat, "text": word}

    async def _post(self, reader, writer, path: str, body: dict) -> int | None:
        """None when too many of the bot's updates wait."""
        content = json.dumps(body).encode()
        writer.write(
            f"POST /sandbox/bots/{self._bot.telegram_id}{path} HTTP/1.1\r\nHost: sandbox\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length:"))
        answer = await reader.readexactly(length)
        if status == 429:
            return None
        assert status == 201, answer
        return json.loads(answer)["update_id"]
