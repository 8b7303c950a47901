"""script/bench poll: one node that polls for thousands of bots at the same time; what memory that takes, and how long
an update takes from the moment its user is due to write until it is in the log.

Users write in the sandbox, to the bots in turn, at a fixed rate that does not wait for answers. Every bot has a poll
of its own under way, and so a connection; the run is longer than a poll lasts, so that each comes back at least once.
"""

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request

import asyncpg

from measure import Memory, end, family, mark, resident, table, wait_for
from node import BINARY, Node, create_database, free_port, sealed, type_id, uuid7

CONNECTIONS = 16


class Sandbox:
    """A `rookery sandbox` and its bots, with the numbers and tokens given."""

    def __init__(self, tokens: list[str]):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([BINARY, "sandbox", "--listen", f"127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL)
        wait_for(f"{self.url}/sandbox/bots", self.process, range(200, 201))
        asyncio.run(self._add(tokens))

    async def _add(self, tokens: list[str]) -> None:
        requests = iter([request("/sandbox/bots", {"token": token}) for token in tokens])
        await asyncio.gather(*(self._ask(requests) for _ in range(CONNECTIONS)))

    async def _ask(self, requests) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for wanted in requests:
            await ask(reader, writer, wanted)
        writer.close()

    async def write(self, bots: list[int], rate: int, seconds: int) -> int:
        """Has users write. Gives how many messages were not taken."""
        due: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
        senders = [asyncio.create_task(self._write(due)) for _ in range(CONNECTIONS)]
        start, number = time.time_ns() + 200_000_000, 0
        while number < rate * seconds:
            while number < rate * seconds and (at := start + number * 1_000_000_000 // rate) <= time.time_ns():
                due.put_nowait((bots[number % len(bots)], at))
                number += 1
            await asyncio.sleep(0.001)
        for _ in senders:
            due.put_nowait(None)
        return sum(await asyncio.gather(*senders))

    async def _write(self, due: asyncio.Queue) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        refused = 0
        while message := await due.get():
            bot, at = message
            status = await ask(reader, writer, request(f"/sandbox/bots/{bot}/messages", {"text": str(at)}))
            refused += status >= 300
        writer.close()
        return refused


def request(path: str, content: dict) -> bytes:
    body = json.dumps(content).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: bytes) -> int:
    writer.write(wanted)
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
    await reader.readexactly(int(fields.get(b"content-length", b"0")))
    return int(head[9:12])


async def add_polling_bots(connection: asyncpg.Connection, tokens: list[str]) -> None:
    """Bots of one tenant without limits, as they are once their webhooks have been deleted."""
    tenant = uuid7()
    await connection.execute(
        """INSERT INTO tenant (id, name, slug, limits)
           VALUES ($1, 'bench', 'bench', '{"ingest_per_minute_per_bot": null}')""", tenant)
    bots = [(uuid7(), token) for token in tokens]
    await connection.copy_records_to_table(
        "bot", columns=["tenant_id", "id", "telegram_id", "name", "mode", "transport", "token_last_four",
                        "token_sealed", "webhook_secrets"],
        records=[(tenant, bot, int(token.split(":")[0]), "bench", "polling", "polling", token[-4:],
                  sealed(token, tenant, type_id("bot", bot), "token"),
                  [sealed("s", tenant, type_id("bot", bot), "webhook_secret")]) for bot, token in bots])
    await connection.execute(
        "INSERT INTO bot_registration (telegram_id, tenant_id, bot_id) SELECT telegram_id, tenant_id, id FROM bot")
    await connection.execute(
        """INSERT INTO bot_webhook (tenant_id, bot_id, reason, next_check_at)
           SELECT tenant_id, id, 'The bot polls', now() + interval '1 day' FROM bot""")


def polling(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("rookery_polling_bots "):
                return int(line.split()[1])
    return 0


async def stored(url: str, count: int, seconds: float) -> list[tuple[str, int, float]]:
    """Waits for so many updates in the log, or until the time is up. Gives bot, due and milliseconds of each."""
    connection = await asyncpg.connect(url)
    try:
        deadline = time.monotonic() + seconds
        while await connection.fetchval("SELECT count(*) FROM update_log") < count and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
        return [tuple(row) for row in await connection.fetch(
            """SELECT bot_id::text, due::bigint, (extract(epoch FROM received_at) * 1e3 - due / 1e6)::float8
               FROM (SELECT *, (payload->'message'->>'text')::numeric AS due FROM update_log) log
               ORDER BY bot_id, position""")]
    finally:
        await connection.close()


async def prepare(tokens: list[str], sandbox: Sandbox) -> tuple[Node, str]:
    url = await create_database(os.environ["BENCH_DATABASE_URL"], "rookery_poll")
    node = Node(url, ROOKERY_TELEGRAM_API_URL=sandbox.url)
    await node.prepare()
    connection = await asyncpg.connect(url)
    try:
        await add_polling_bots(connection, tokens)
    finally:
        await connection.close()
    return node, url


def wait_for_polls(port: int, count: int, seconds: float) -> float:
    start = time.monotonic()
    while polling(port) < count:
        if time.monotonic() - start > seconds:
            raise SystemExit(f"only {polling(port)} of {count} bots poll after {seconds:.0f} s")
        time.sleep(0.2)
    return time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench poll", description="Thousands of bots that poll.")
    parser.add_argument("--bots", type=int, default=5000, help="bots (default 5000)")
    parser.add_argument("--rate", type=int, default=500, help="updates a second, of all together (default 500)")
    parser.add_argument("--seconds", type=int, default=60, help="length of the run (default 60)")
    parser.add_argument("--settle", type=int, default=10, help="seconds of rest before it (default 10)")
    options = parser.parse_args()

    tokens = [f"{number}:{secrets.token_hex(18)}" for number in range(1, options.bots + 1)]
    sandbox = Sandbox(tokens)
    process = None
    try:
        node, url = asyncio.run(prepare(tokens, sandbox))
        process = node.start()
        memory = Memory(process.pid)
        began = wait_for_polls(node.admin_port, options.bots, 120)
        time.sleep(options.settle)
        at_rest = sum(map(resident, family(process.pid))) / 1024
        refused = asyncio.run(sandbox.write(list(range(1, options.bots + 1)), options.rate, options.seconds))
        sent = options.rate * options.seconds - refused
        rows = asyncio.run(stored(url, sent, 60))
        peak, stop = memory.stop(), time.monotonic()
        status = end(process)
        stopped = time.monotonic() - stop
    finally:
        if process and process.poll() is None:
            end(process)
        end(sandbox.process)

    taken = sorted(row[2] for row in rows)
    reordered = sum(rows[i][0] == rows[i - 1][0] and rows[i][1] < rows[i - 1][1] for i in range(1, len(rows)))
    twice = len(rows) - len({row[:2] for row in rows})
    lost = sent - (len(rows) - twice)
    p50, p99 = (taken[int(len(taken) * share)] if taken else 0 for share in (.5, .99))
    print(table(["bots", "all poll after s", "MiB at rest", "peak MiB", "updates/s", "updates", "stored p50 ms",
                 "p99 ms", "max ms", "lost", "twice", "stopped after s"],
                [[str(options.bots), f"{began:.1f}", f"{at_rest:.0f}", f"{peak:.0f}", str(options.rate), str(sent),
                  f"{p50:.1f}", f"{p99:.1f}", f"{taken[-1] if taken else 0:.0f}", str(lost), str(twice),
                  f"{stopped:.1f}"]]))
    print()
    print(table(["polling", "measured", "asked", "met"],
                [mark("peak memory, MiB", peak, 300), mark("lost", lost, 1), mark("twice", twice, 1),
                 mark("out of order", reordered, 1)]))
    if refused or status:
        print(f"\nmessages the sandbox refused: {refused}, exit status after SIGTERM: {status}")
    return 1 if lost or twice or reordered or status or peak >= 300 else 0


if __name__ == "__main__":
    sys.exit(main())
