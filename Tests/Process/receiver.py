"""A bot's own server for the tests: notes what comes, answers 200, and can keep a chat waiting."""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes
    update_id: int
    chat: int

    @classmethod
    def of(cls, headers: dict[str, str], body: bytes) -> "Received":
        """Reads the ids out of the update; chat is 0 for a kind without one."""
        update = json.loads(body)
        event = next(value for key, value in update.items() if key != "update_id")
        return cls(headers, body, update["update_id"], event.get("chat", {}).get("id", 0))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A peer that was killed in the middle of a request is no news."""


class Receiver:
    def __init__(self):
        self.received: list[Received] = []
        # What its bot does about an update, before it is answered.
        self.react = lambda entry: None
        # What it answers, as JSON; nothing for None.
        self.reply = lambda entry: None
        self._changed = threading.Condition()
        self._held: dict[int, threading.Event] = {}
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/telegram"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def hold(self, chat: int) -> threading.Event:
        """Keeps requests of this chat waiting until the event is set."""
        return self._held.setdefault(chat, threading.Event())

    def of(self, chat: int) -> list[int]:
        """Update ids of a chat, in order of arrival."""
        with self._changed:
            return [entry.update_id for entry in self.received if entry.chat == chat]

    def ids(self) -> list[int]:
        with self._changed:
            return [entry.update_id for entry in self.received]

    def wait_until(self, holds, seconds: float) -> None:
        """Until `holds(receiver)`, asked after each arrival."""
        with self._changed:
            came = self._changed.wait_for(lambda: holds(self), seconds)
            assert came, f"{len(self.received)} came, not what was awaited"

    def close(self) -> None:
        for event in self._held.values():
            event.set()
        self._server.shutdown()
        self._server.server_close()

    def _note(self, entry: Received) -> None:
        with self._changed:
            self.received.append(entry)
            self._changed.notify_all()
        if entry.chat in self._held:
            self._held[entry.chat].wait(60)

    def _handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                entry = Received.of({name.lower(): value for name, value in self.headers.items()}, body)
                receiver._note(entry)
                receiver.react(entry)
                reply = receiver.reply(entry)
                answer = b"" if reply is None else json.dumps(reply).encode()
                try:
                    self.send_response(200)
                    if answer:
                        self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True

            def log_message(self, *arguments):
                pass

        return Handler


@contextmanager
def listening():
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
