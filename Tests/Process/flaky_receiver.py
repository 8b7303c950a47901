"""A consumer's endpoint that fails: by chance, for a while in one way, and for good at what is poison to it.

It runs on an asyncio loop and reads no more of a request than it must.
"""

import asyncio
import random
import time
from dataclasses import dataclass

POISON = b"poison"


@dataclass(slots=True)
class Arrival:
    position: int
    attempt: int
    start: float
    # When the answer was written, or the connection was gone.
    end: float | None = None
    # What was answered: ok, 500, 429, …; None while there is none, or when the sender went away first.
    answer: str | None = None
    is_replay: bool = False


class FlakyReceiver:
    def __init__(self, name: str, seed: int, port: int, cures_after: int | None):
        """cures_after: the attempt with which poison is taken after all, if it does not go stale; None: never."""
        self.name, self.port = name, port
        self.url = f"http://127.0.0.1:{port}/updates"
        self.arrivals: list[Arrival] = []
        # When it closed every connection.
        self.hang_ups: list[float] = []
        # How all requests fail for the time being.
        self.mode: str | None = None
        self.fails_by_chance = True
        self.connections: set[Connection] = set()
        self._seed, self._cures_after = seed, cures_after
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self), "127.0.0.1", self.port, reuse_address=True, backlog=512)

    async def suffer(self, kind: str, seconds: float) -> None:
        """All requests fail in one way for so long."""
        if kind == "refuse":
            self.refuse()
        else:
            self.mode = kind
        await asyncio.sleep(seconds)
        self.mode = None
        await self.open()

    def refuse(self) -> None:
        """Nothing listens any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self.hang_ups.append(time.time())
        for connection in list(self.connections):
            connection.abort()

    def heal(self) -> None:
        """From now on everything is answered, also what hangs, and poison taken when it is tried again."""
        self.mode, self.fails_by_chance = None, False
        self._cures_after = self._cures_after or 2
        for connection in list(self.connections):
            if connection.hangs:
                connection.abort()

    def is_sick_of(self, arrival: Arrival, poison: bytes) -> bool:
        return b"inline_query" in poison or self._cures_after is None or arrival.attempt < self._cures_after

    def reaction(self, arrival: Arrival, body: bytes) -> tuple[str, float]:
        """What to do, and after how long."""
        if POISON in body and self.is_sick_of(arrival, body):
            return "500", 0
        if self.mode is not None:
            return self.mode, 0
        if not self.fails_by_chance:
            return "ok", 0
        chance = random.Random(f"{self._seed}/{self.name}/{arrival.position}/{arrival.attempt}")
        draw = chance.random()
        for kind, share in (("500", .01), ("503", .001), ("429", .001), ("drop", .008), ("cut", .005), ("hang", .003)):
            if draw < share:
                return kind, 0
            draw -= share
        return "ok", chance.choice((0, 0, 0, .005, .05, .3))


class Connection(asyncio.Protocol):
    def __init__(self, receiver: FlakyReceiver):
        self._receiver = receiver
        self._buffer = b""
        self._arrival: Arrival | None = None
        self.hangs = False

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._receiver.connections.add(self)

    def connection_lost(self, error) -> None:
        self._receiver.connections.discard(self)
        self._end(None)

    def abort(self) -> None:
        self._end(None)
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(headers[b"content-length"])
        if len(body) < length:
            return
        self._buffer = body[length:]
        position = int(headers[b"webhook-id"].rpartition(b"_")[2])
        arrival = Arrival(position, int(headers[b"rookery-attempt"]), time.time(),
                          is_replay=headers.get(b"rookery-replay") == b"true")
        self._arrival = arrival
        self._receiver.arrivals.append(arrival)
        kind, delay = self._receiver.reaction(arrival, body)
        asyncio.get_running_loop().call_later(delay, self._react, arrival, kind)

    def _react(self, arrival: Arrival, kind: str) -> None:
        if arrival.end is not None or self._transport.is_closing():
            return
        if kind == "hang":
            self.hangs = True
            return
        if kind == "cut":
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        if kind in ("cut", "drop"):
            self._end(kind)
            return self._transport.abort() if kind == "drop" else self._transport.close()
        status = b"200 OK" if kind == "ok" else kind.encode() + b" No"
        after = b"Retry-After: 1\r\n" if kind in ("429", "503") else b""
        self._end(kind)
        self._transport.write(b"HTTP/1.1 " + status + b"\r\n" + after + b"Content-Length: 0\r\n\r\n")

    def _end(self, answer: str | None) -> None:
        if self._arrival is not None:
            self._arrival.end, self._arrival.answer = time.time(), answer
            self._arrival = None
