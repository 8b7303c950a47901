"""Users of a sandbox's bot who write, many at a time."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from database import log_of
from rookery import Rookery, until
from sandbox import SandboxBot
from updates import new_chat


class Writers:
    """Each chat's messages are written one after the other, so that their order is known."""

    def __init__(self, bot: SandboxBot, chats: int = 20, per_second: int = 200, threads: int = 4):
        self.written: dict[int, list[int]] = {new_chat(): [] for _ in range(chats)}
        self._path = f"/sandbox/bots/{bot.telegram_id}/messages"
        self._address = urlsplit(bot.sandbox.url)
        self._pause = threads / per_second
        self._stopped = threading.Event()
        self._failure: Exception | None = None
        shares = [list(self.written)[index::threads] for index in range(threads)]
        self._threads = [threading.Thread(target=self._write, args=(share,), daemon=True) for share in shares]
        for thread in self._threads:
            thread.start()

    @property
    def count(self) -> int:
        return sum(map(len, self.written.values()))

    def wait_for(self, count: int, seconds: float = 30) -> None:
        """Until so many more were written."""
        wanted = self.count + count
        until(lambda: self._failure or self.count >= wanted, seconds, lambda: f"{self.count} written, {wanted} wanted")
        assert self._failure is None, self._failure

    def stop(self) -> dict[int, list[int]]:
        """The update ids by chat, in the order in which they were written."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(30)
        assert self._failure is None, self._failure
        return self.written

    def _write(self, chats: list[int]) -> None:
        connection = http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=30)
        due, turn = time.monotonic(), 0
        try:
            while not self._stopped.is_set():
                chat = chats[turn % len(chats)]
                turn += 1
                body = json.dumps({"user_id": chat, "text": f"message {turn}"})
                connection.request("POST", self._path, body)
                answer = connection.getresponse()
                content = answer.read()
                assert answer.status == 201, content
                self.written[chat].append(json.loads(content)["update_id"])
                # What is missed while the machine stalls is not made up for.
                due = max(due + self._pause, time.monotonic() - 1)
                self._stopped.wait(max(0.0, due - time.monotonic()))
        except Exception as error:  # told by the one who waits
            self._failure = error
        finally:
            connection.close()


def assert_logged_once_in_order(rookery: Rookery, bot_id: str, written: dict[int, list[int]], seconds: float = 60) -> None:
    wanted = sum(map(len, written.values()))
    rows: list[tuple[int, int]] = []

    def are_there() -> bool:
        rows[:] = log_of(rookery, bot_id)
        return len({update for update, _ in rows}) >= wanted

    until(are_there, seconds, lambda: f"{len(rows)} of {wanted} are logged")
    for chat, ids in written.items():
        assert [update for update, of in rows if of == chat] == ids, f"chat {chat}: lost, doubled or out of order"


def assert_received_once_in_order(receiver, written: dict[int, list[int]], seconds: float = 60) -> None:
    wanted = sum(map(len, written.values()))
    receiver.wait_until(lambda it: len(it.received) >= wanted, seconds)
    for chat, ids in written.items():
        assert receiver.of(chat) == ids, f"chat {chat}: lost, doubled or out of order"
