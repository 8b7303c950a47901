"""script/bench deliver: time from the moment a user is due to write to the arrival of the update at the bot's
own server, at a fixed rate; nothing lost, and each chat's updates in order.

The way is sandbox → Rookery → receiver: users write in the sandbox, which posts to Rookery as Telegram does.
The rate does not wait for answers, and time counts from when a message was due, so a stall shows in full.
The other rows are the parts: sender and receiver alone, what the measuring itself takes; the sandbox posting
straight to the receiver; and the sender posting to Rookery without a sandbox between.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

import asyncpg

from measure import Memory, end, mark, table, wait_for
from node import BINARY, Bot, Node, add_consumer, create_database, free_port, register
from traffic import Load, Sent, run_receiver, run_sender

processes = multiprocessing.get_context("spawn")


@dataclass
class Delivered:
    load: Load
    sent: Sent
    arrived: list[tuple[int, int, int, int]]

    def row(self, name: str, memory: str) -> list[str]:
        first, taken = self.first_arrivals(), self.taken()
        stored = sorted((answered - left) / 1e6 for left, answered in zip(self.sent.left, self.sent.answered)
                        if answered)
        return [name, str(self.load.count), *self._percentiles(stored, .5, .99),
                *self._percentiles(taken, .5, .99, 1), str(self.lost), str(len(self.arrived) - len(first)), str(self.reordered), memory]

    def marks(self) -> list[list[str]]:
        taken = self.taken()
        limits = (("p50", .5, 10), ("p99", .99, 50)) if taken else ()
        return [*(mark(f"due to delivered, {name}, ms", percentile(taken, share), limit)
                  for name, share, limit in limits),
                mark("lost", self.lost, 1), mark("out of order within a chat", self.reordered, 1)]

    @staticmethod
    def _percentiles(values: list[float], *shares: float) -> list[str]:
        return [f"{percentile(values, share):.1f}" if values else "" for share in shares]

    def taken(self) -> list[float]:
        """Milliseconds from due to delivered, of first arrivals, in order of size."""
        return sorted((now - due) / 1e6 for due, now in self.first_arrivals().values())

    def since(self, start: int) -> "Delivered":
        """Without what was due before: the warm-up."""
        return Delivered(self.load, self.sent, [entry for entry in self.arrived if entry[2] >= start])

    def first_arrivals(self) -> dict[int, tuple[int, int]]:
        first: dict[int, tuple[int, int]] = {}
        for update_id, _, due, now in self.arrived:
            first.setdefault(update_id, (due, now))
        return first

    @property
    def lost(self) -> int:
        return self.load.count - len(self.first_arrivals())

    @property
    def reordered(self) -> int:
        """Updates that came for the first time after a later one of their chat."""
        seen, latest, count = set(), {}, 0
        for update_id, chat, due, _ in self.arrived:
            if update_id not in seen:
                seen.add(update_id)
                count += due < latest.get(chat, 0)
                latest[chat] = max(due, latest.get(chat, 0))
        return count


def percentile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def send(load: Load, connections: int, port: int, path: str, secret: str | None) -> Sent:
    mine, its = processes.Pipe()
    process = processes.Process(target=run_sender, args=(its, load, connections, port, path, secret))
    process.start()
    its.close()
    try:
        return mine.recv()
    finally:
        process.join()


class Server:
    """The receiver's process."""

    def __init__(self):
        self._pipe, its = processes.Pipe()
        self._process = processes.Process(target=run_receiver, args=(its,))
        self._process.start()
        its.close()
        self.port = self._pipe.recv()

    def wait(self, count: int, seconds: float) -> None:
        """Until so many came, or the time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._pipe.send("how many")
            if self._pipe.recv() >= count:
                return
            time.sleep(0.2)

    def finish(self) -> list[tuple[int, int, int, int]]:
        self._pipe.send(None)
        arrived = self._pipe.recv()
        self._process.join()
        return arrived


def alone(options: argparse.Namespace) -> Delivered:
    server, load = Server(), Load(options.rate, options.chats, 5, 1)
    sent = send(load, options.connections, server.port, "/", "none")
    return Delivered(load, sent, server.finish())


class Sandbox:
    """A `rookery sandbox` with one bot, whose webhook is somewhere."""

    def __init__(self, webhook: str, secret: str):
        self.port = free_port()
        self.process = subprocess.Popen([BINARY, "sandbox", "--listen", f"127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{self.port}/sandbox/bots", self.process, range(200, 201))
        bot = self._post("/sandbox/bots", {})
        self.path = f"/sandbox/bots/{bot['telegram_id']}/messages"
        self._post(f"/bot{bot['token']}/setWebhook",
                   {"url": webhook, "secret_token": secret, "max_connections": 100})

    def _post(self, path: str, content: dict) -> dict:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(content).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def measured(options: argparse.Namespace, server: Server, port: int, path: str, secret: str | None) -> Delivered:
    """Warms up, then sends the whole load and waits for it."""
    warm = Load(options.rate, options.chats, 3, 1_000_000_000)
    send(warm, options.connections, port, path, secret)
    server.wait(warm.count, 10)
    start = time.monotonic_ns()
    load = Load(options.rate, options.chats, options.seconds, 2_000_000_000)
    sent = send(load, options.connections, port, path, secret)
    server.wait(warm.count + load.count, 20)
    return Delivered(load, sent, server.finish()).since(start)


def sandbox_alone(options: argparse.Namespace) -> Delivered:
    server = Server()
    sandbox = Sandbox(f"http://127.0.0.1:{server.port}/", "none")
    try:
        return measured(options, server, sandbox.port, sandbox.path, None)
    finally:
        end(sandbox.process)


async def through_rookery(options: argparse.Namespace, has_sandbox: bool) -> tuple[Delivered, float, int]:
    url = await create_database(os.environ["BENCH_DATABASE_URL"], f"rookery_{has_sandbox}".lower())
    node, server = Node(url), Server()
    await node.prepare()
    database = await asyncpg.connect(url)
    try:
        bot: Bot = await register(database)
        await add_consumer(database, bot, f"http://127.0.0.1:{server.port}/")
    finally:
        await database.close()
    process, sandbox = node.start(), None
    try:
        memory = Memory(process.pid)
        if has_sandbox:
            sandbox = Sandbox(f"http://127.0.0.1:{node.port}{bot.path}", bot.secret)
            result = measured(options, server, sandbox.port, sandbox.path, None)
        else:
            result = measured(options, server, node.port, bot.path, bot.secret)
        return result, memory.stop(), end(process)
    finally:
        if sandbox:
            end(sandbox.process)
        if process.poll() is None:
            end(process)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench deliver", description="From arrival to delivery.")
    parser.add_argument("--rate", type=int, default=1000, help="updates a second (default 1000)")
    parser.add_argument("--chats", type=int, default=1000, help="chats they are spread over (default 1000)")
    parser.add_argument("--seconds", type=int, default=30, help="length of the run (default 30)")
    parser.add_argument("--connections", type=int, default=40, help="of the sender (default 40, as Telegram)")
    parser.add_argument("--alone", action="store_true", help="only sender and receiver")
    options = parser.parse_args()

    rows, marks, faults = [alone(options).row("sender to receiver", "")], "", []
    if not options.alone:
        rows.append(sandbox_alone(options).row("sandbox to receiver", ""))
        for name, has_sandbox in (("sender to Rookery to receiver", False), ("sandbox to Rookery to receiver", True)):
            result, memory, status = asyncio.run(through_rookery(options, has_sandbox))
            rows.append(result.row(name, f"{memory:.0f}"))
            marks = table([name, "measured", "asked", "met"], result.marks())
            if result.lost or result.reordered or result.sent.refused or status:
                faults.append(f"{name}: lost {result.lost}, out of order {result.reordered}, refused "
                              f"{result.sent.refused[:10]}, exit status after SIGTERM {status}")
    print(table(["", "updates", "answered p50 ms", "p99 ms", "delivered p50 ms", "p99 ms", "max ms", "lost",
                 "again", "out of order", "peak MiB"], rows), marks, *faults, sep="\n\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
