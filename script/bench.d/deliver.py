"""script/bench deliver: time from the moment an update is due at Telegram's side to its arrival at the
bot's own server, at a fixed rate; nothing lost, and each chat's updates in order.

The rate does not wait for answers, and time counts from when an update was due, so a stall shows in full.
The first row is sender and receiver alone, without Rookery: what the measuring itself takes.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass

import asyncpg

from measure import Memory, end, table
from node import Bot, Node, add_consumer, create_database, register
from traffic import Load, Sent, run_receiver, run_sender

processes = multiprocessing.get_context("spawn")


@dataclass
class Delivered:
    load: Load
    sent: Sent
    arrived: list[tuple[int, int, int, int]]

    def row(self, name: str, memory: str) -> list[str]:
        first = self.first_arrivals()
        taken = sorted((now - due) / 1e6 for due, now in first.values())
        stored = sorted((answered - left) / 1e6 for left, answered in zip(self.sent.left, self.sent.answered)
                        if answered)
        return [name, str(self.load.count), *self._percentiles(stored, .5, .99), *self._percentiles(taken, .5, .99, 1),
                str(self.lost), str(len(self.arrived) - len(first)), str(self.reordered), memory]

    @staticmethod
    def _percentiles(values: list[float], *shares: float) -> list[str]:
        return [f"{values[min(int(len(values) * share), len(values) - 1)]:.1f}" if values else "" for share in shares]

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
        for update_id, chat, _, _ in self.arrived:
            if update_id not in seen:
                seen.add(update_id)
                count += update_id < latest.get(chat, 0)
                latest[chat] = max(update_id, latest.get(chat, 0))
        return count


def send(load: Load, connections: int, port: int, path: str, secret: str) -> Sent:
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


async def through_rookery(options: argparse.Namespace) -> tuple[Delivered, float, int]:
    url = await create_database(os.environ["BENCH_DATABASE_URL"], "rookery")
    node, server = Node(url), Server()
    try:
        await node.prepare()
        database = await asyncpg.connect(url)
        try:
            bot: Bot = await register(database)
            await add_consumer(database, bot, f"http://127.0.0.1:{server.port}/")
        finally:
            await database.close()
        process = node.start()
        try:
            memory = Memory(process.pid)
            warm = Load(options.rate, options.chats, 3, 1_000_000_000)
            send(warm, options.connections, node.port, bot.path, bot.secret)
            server.wait(warm.count, 10)
            load = Load(options.rate, options.chats, options.seconds, 2_000_000_000)
            sent = send(load, options.connections, node.port, bot.path, bot.secret)
            server.wait(warm.count + load.count, 20)
            peak = memory.stop()
        finally:
            status = end(process)
    finally:
        arrived = server.finish()
    return Delivered(load, sent, [entry for entry in arrived if entry[0] >= load.first_id]), peak, status


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench deliver", description="From arrival to delivery.")
    parser.add_argument("--rate", type=int, default=1000, help="updates a second (default 1000)")
    parser.add_argument("--chats", type=int, default=1000, help="chats they are spread over (default 1000)")
    parser.add_argument("--seconds", type=int, default=30, help="length of the run (default 30)")
    parser.add_argument("--connections", type=int, default=40, help="of the sender (default 40, as Telegram)")
    parser.add_argument("--alone", action="store_true", help="only sender and receiver")
    options = parser.parse_args()

    rows, faults = [alone(options).row("sender to receiver", "")], []
    if not options.alone:
        result, memory, status = asyncio.run(through_rookery(options))
        rows.append(result.row("through Rookery", f"{memory:.0f}"))
        if result.lost or result.reordered or result.sent.refused or status:
            faults.append(f"lost {result.lost}, out of order {result.reordered}, refused "
                          f"{result.sent.refused[:10]}, exit status after SIGTERM {status}")
    print(table(["", "updates", "answered p50 ms", "p99 ms", "delivered p50 ms", "p99 ms", "max ms", "lost",
                 "again", "out of order", "peak MiB"], rows), *faults, sep="\n\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
