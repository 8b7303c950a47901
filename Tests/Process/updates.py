"""Updates as Telegram sends them, and load made of them."""

import itertools
import threading
import time

import httpx

import web

_next_id = itertools.count(int(time.time()) * 1000)
_next_chat = itertools.count(5_000_000_000)


def new_chat() -> int:
    """A chat that no other test uses."""
    return next(_next_chat)


def edit(chat: int, text: str = "edited", update_id: int | None = None) -> dict:
    """A user edits a message: in the chat's lane as a message is, but the demo bot does not answer it."""
    now = int(time.time())
    person = {"id": chat, "first_name": "Rosa"}
    return {
        "update_id": next(_next_id) if update_id is None else update_id,
        "edited_message": {"message_id": 7, "from": person | {"is_bot": False},
                           "chat": person | {"type": "private"}, "date": now, "edit_date": now, "text": text},
    }


class Load:
    """Senders that keep a lane each, as Telegram does: the next update when this one was answered with
    200, and the same one again until it is."""

    def __init__(self, url: str, secret: dict[str, str], lanes: int = 16):
        self.answered: list[int] = []
        self.first_id = next(_next_id)
        self._url, self._secret = url, secret
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(new_chat(),), daemon=True) for _ in range(lanes)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, count: int, seconds: float) -> None:
        """Until so many were answered with 200 since now."""
        with self._changed:
            wanted = len(self.answered) + count
            assert self._changed.wait_for(lambda: len(self.answered) >= wanted, seconds), \
                f"{len(self.answered)} answered, {wanted} wanted"

    def stop(self) -> list[int]:
        """Ends the senders; gives the update ids that were answered with 200."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(30)
        self.last_id = next(_next_id)
        return self.answered

    def _send(self, chat: int) -> None:
        client = web.client()
        try:
            while not self._stopped.is_set():
                update = edit(chat)
                while not self._stopped.is_set() and not self._is_stored(client, update):
                    self._stopped.wait(0.05)
        finally:
            client.close()

    def _is_stored(self, client: httpx.Client, update: dict) -> bool:
        try:
            status = client.post(self._url, json=update, headers=self._secret).status_code
        except httpx.HTTPError:
            return False
        if status != 200:
            return False
        with self._changed:
            self.answered.append(update["update_id"])
            self._changed.notify_all()
        return True
