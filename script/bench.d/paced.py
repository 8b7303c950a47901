"""A load generator in the open-loop manner: requests leave on a fixed schedule over kept-alive connections, and
latency counts from the moment a request was due, so that a server that stalls is not spared by a generator that
waits for it.

    python paced.py PORT RATE SECONDS CONNECTIONS FILE

FILE holds requests, one JSON object a line ({"method", "path", "headers", "body"}), sent in turn. Prints one JSON
line: how many of each status, and latencies in milliseconds of all answers and of those with 2xx.
"""

import asyncio
import json
import sys
import time


def encoded(line: str) -> bytes:
    request = json.loads(line)
    body = request.get("body", "").encode()
    head = [f"{request['method']} {request['path']} HTTP/1.1", "Host: 127.0.0.1"]
    head += [f"{name}: {value}" for name, value in request.get("headers", {}).items()]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Connection:
    """One connection, opened anew when the server has closed it."""

    def __init__(self, port: int):
        self._port = port
        self._reader = self._writer = None

    async def ask(self, request: bytes) -> int:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        await self._reader.readexactly(int(fields.get(b"content-length", b"0")))
        if fields.get(b"connection") == b"close":
            self.drop()
        return int(head[9:12])

    def drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def run(port: int, rate: float, seconds: float, connections: int, requests: list[bytes]) -> dict:
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    statuses: dict[str, int] = {}
    taken: list[tuple[float, int]] = []

    async def work() -> None:
        connection = Connection(port)
        while True:
            at, request = await due.get()
            try:
                status = await asyncio.wait_for(connection.ask(request), 30)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                connection.drop()
                status = 0
            taken.append(((time.perf_counter() - at) * 1e3, status))
            statuses[str(status)] = statuses.get(str(status), 0) + 1
            due.task_done()

    workers = [asyncio.create_task(work()) for _ in range(connections)]
    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        at = start + number / rate
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due.put_nowait((at, requests[number % len(requests)]))
    await asyncio.wait_for(due.join(), 60)
    for worker in workers:
        worker.cancel()
    return {"statuses": statuses, "all": summary([ms for ms, _ in taken]),
            "good": summary([ms for ms, status in taken if 200 <= status < 300])}


def summary(taken: list[float]) -> dict | None:
    if not taken:
        return None
    taken.sort()
    return {"p50_ms": taken[len(taken) // 2], "p99_ms": taken[int(len(taken) * 0.99)], "max_ms": taken[-1]}


if __name__ == "__main__":
    port, rate, seconds, connections = (float(argument) for argument in sys.argv[1:5])
    with open(sys.argv[5]) as file:
        lines = [encoded(line) for line in file]
    print(json.dumps(asyncio.run(run(int(port), rate, seconds, int(connections), lines))))
