"""Both ends of script/bench deliver, each a process of its own: Telegram's side and the bot's own server.

Times are CLOCK_MONOTONIC, one clock for every process of a machine. An update carries the nanosecond
at which it was due to leave as its text.
"""

import asyncio
import os
import re
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection

import httptools
import uvloop

UPDATE = (
    '{"update_id":%d,"message":{"message_id":%d,"from":{"id":%d,"is_bot":false,"first_name":"Katharina",'
    '"language_code":"de"},"chat":{"id":%d,"first_name":"Katharina","type":"private"},"date":%d,"text":"%d"}}'
)
FOUND = re.compile(rb'"update_id":(\d+).*?"chat":\{[^}]*?"id":(\d+).*?"text":"(\d+)"', re.DOTALL)
FIRST_CHAT = 1_000_000_001


@dataclass(frozen=True)
class Load:
    """A fixed rate, whatever the answers: updates a second over a number of chats, in turn."""

    rate: int
    chats: int
    seconds: int
    first_id: int

    @property
    def count(self) -> int:
        return self.rate * self.seconds


@dataclass
class Sent:
    """What the sender saw: when each update left (by number), and every answer that was no 200."""

    left: list[int]
    answered: list[int]
    refused: list[int]


class Client(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, answered):
        self._answered = answered
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self._parser.feed_data(data)

    def connection_lost(self, error):
        self._answered(self, 0)

    def on_message_complete(self):
        self._answered(self, self._parser.get_status_code())
        self._parser = httptools.HttpResponseParser(self)


def telegram_update(load: Load, number: int, chat: int, due: int) -> str:
    """What Telegram posts to a webhook."""
    return UPDATE % (load.first_id + number, number + 1, chat, chat, time.time(), due)


def sandbox_message(load: Load, number: int, chat: int, due: int) -> str:
    """What has a user of the sandbox write; the sandbox makes the update and posts it."""
    return f'{{"text":"{due}","user_id":{chat},"chat_id":{chat}}}'


class Sender:
    """As Telegram: one update of a chat in flight, the next when it is answered; chats in parallel."""

    def __init__(self, load: Load, port: int, path: str, secret: str, body=telegram_update, accepted: int = 200):
        self.load = load
        self.sent = Sent([0] * load.count, [0] * load.count, [])
        self._port = port
        self._body = body
        self._accepted = accepted
        self._head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                      f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: ")
        self._idle: list[Client] = []
        self._waiting: deque[int] = deque()
        self._behind: dict[int, deque[int]] = {}
        self._carries: dict[Client, int] = {}
        self._due: list[int] = [0] * load.count
        self._open = load.count
        self._done = asyncio.Event()

    async def run(self, connections: int) -> Sent:
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, client = await loop.create_connection(lambda: Client(self._answered), "127.0.0.1", self._port)
            self._idle.append(client)
        start, number = time.monotonic_ns() + 200_000_000, 0
        while number < self.load.count:
            now = time.monotonic_ns()
            while number < self.load.count and (due := start + number * 1_000_000_000 // self.load.rate) <= now:
                self._due[number] = due
                self._queue(number)
                number += 1
            await asyncio.sleep(0.0005)
        try:
            await asyncio.wait_for(self._done.wait(), 30)
        except asyncio.TimeoutError:
            pass
        return self.sent

    def _queue(self, number: int) -> None:
        chat = number % self.load.chats
        if chat in self._behind:
            self._behind[chat].append(number)
        else:
            self._behind[chat] = deque()
            self._waiting.append(number)
            self._send()

    def _send(self) -> None:
        while self._waiting and self._idle:
            number, client = self._waiting.popleft(), self._idle.pop()
            chat = FIRST_CHAT + number % self.load.chats
            body = self._body(self.load, number, chat, self._due[number])
            self._carries[client] = number
            self.sent.left[number] = time.monotonic_ns()
            client.transport.write(f"{self._head}{len(body)}\r\n\r\n{body}".encode())

    def _answered(self, client: Client, status: int) -> None:
        number = self._carries.pop(client, None)
        if status:
            self._idle.append(client)
        if number is None:
            return
        self.sent.answered[number] = time.monotonic_ns()
        if status != self._accepted:
            self.sent.refused.append(status)
        chat = number % self.load.chats
        behind = self._behind[chat]
        if behind:
            self._waiting.append(behind.popleft())
        else:
            del self._behind[chat]
        self._open -= 1
        if self._open == 0:
            self._done.set()
        self._send()


class Receiver(asyncio.Protocol):
    """A bot's own server: answers 200 at once and notes (update_id, chat, due, now)."""

    def __init__(self, arrived: list[tuple[int, int, int, int]]):
        self._arrived = arrived
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._parser.feed_data(data)

    def on_body(self, body):
        self._body += body

    def on_message_complete(self):
        now = time.monotonic_ns()
        found = FOUND.search(self._body)
        self._body = b""
        if found:
            self._arrived.append((*map(int, found.groups()), now))
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def run_sender(pipe: Connection, load: Load, connections: int, port: int, path: str, secret: str | None) -> None:
    """Process: sends the whole load, then what it saw through the pipe. Without a secret the path is that of a
    sandbox's bot, whose users write."""
    async def main() -> Sent:
        if secret is None:
            return await Sender(load, port, path, "", sandbox_message, 201).run(connections)
        return await Sender(load, port, path, secret).run(connections)

    pipe.send(uvloop.run(main()))


def run_receiver(pipe: Connection) -> None:
    """Process: sends its port; then for each number it is asked how many came, or for None all of them."""
    async def main() -> None:
        loop, arrived = asyncio.get_running_loop(), []
        server = await loop.create_server(lambda: Receiver(arrived), "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        ended = asyncio.Event()

        def asked() -> None:
            try:
                question = pipe.recv()
            except EOFError:
                question = None
            if question is None:
                ended.set()
            else:
                pipe.send(len(arrived))

        loop.add_reader(pipe.fileno(), asked)
        await ended.wait()
        loop.remove_reader(pipe.fileno())
        os.set_blocking(pipe.fileno(), True)
        pipe.send(arrived)

    uvloop.run(main())
