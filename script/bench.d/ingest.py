"""script/bench ingest: how many updates a second are stored durably, and at what latency and memory.

The peer, pgbench and Rookery run in turn, each alone, on one PostgreSQL with fsync and
synchronous_commit on, each in a database of its own with the same table, and that several times over:
the machine's speed drifts, and medians are compared. After every run the rows in the table are compared
with what was answered: as many as the 200s, and at most one more a connection (wrk drops what is in
flight when its time is up).
"""

import argparse
import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid
from collections import defaultdict

import asyncpg

from measure import HERE, Measured, Memory, Result, end, mark, pgbench, table, wait_for, wrk
from node import Bot, Node, add_bots, create_database, free_port, register, type_id

CONNECTIONS = (32, 128)
RUN_IDS = 100_000_000
SINGLE = """\\set update_id random(1, 9000000000000000)
INSERT INTO update_log (tenant_id, bot_id, day, update_id, kind, lane, chat_id, deadline, payload)
VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', current_date,
        :update_id, 'message', 'chat:1000000042', 1000000042, NULL, :payload::json)
ON CONFLICT DO NOTHING;
"""


def many(rows: int) -> str:
    """The same rows, several an insert; payload and update_id travel for each row."""
    values = ", ".join(f"(:first_id::bigint + {row}, :payload)" for row in range(rows))
    return f"""\\set first_id {rows} * random(1, 90000000000000)
INSERT INTO update_log (tenant_id, bot_id, day, update_id, kind, lane, chat_id, deadline, payload)
SELECT '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', current_date,
       update_id, 'message', 'chat:1000000042', 1000000042, NULL, payload::json
FROM (VALUES {values}) AS rows (update_id, payload)
ON CONFLICT DO NOTHING;
"""


class Bench:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path):
        self.options = options
        self.folder = folder
        self.server = os.environ["BENCH_DATABASE_URL"]
        self.binaries = os.environ["BENCH_POSTGRES_BINARIES"]
        self.results: dict[tuple[str, int], Measured] = defaultdict(Measured)
        self.wrong: list[str] = []
        self._runs = 0

    def record(self, name: str, connections: int, result: Result, memory: float) -> None:
        self.results[name, connections].add(result, memory)
        print(f"  {name}, {connections} connections: {result.rate:,.0f}/s, p50 {result.p50_ms:.1f} ms, "
              f"p99 {result.p99_ms:.1f} ms, {memory:.0f} MiB, {result.faults} faults", file=sys.stderr)

    async def fresh(self, connection: asyncpg.Connection) -> None:
        """Every run starts with an empty table, no checkpoint on its way, and a disk that is done with the one before:
        what that has left behind, gigabytes of log among it, is freed."""
        await self.clear(connection)
        await asyncio.to_thread(os.sync)
        await asyncio.sleep(self.options.pause)

    async def clear(self, connection: asyncpg.Connection) -> None:
        """What is left of a run would take PostgreSQL's buffers from the next one, maybe in another database."""
        await connection.execute("TRUNCATE update_log")
        await connection.execute("CHECKPOINT")

    async def drop(self, database: str) -> None:
        """What the round before has left."""
        server = await asyncpg.connect(self.server)
        try:
            await server.execute(f'DROP DATABASE IF EXISTS "{database}"')
        finally:
            await server.close()

    async def http(self, name: str, url: str, port: int, pid: int, targets: list[tuple[str, str]],
                   connections: int) -> None:
        """Warms up, measures with wrk, and counts the rows."""
        file = self.folder / "targets"
        file.write_text("".join(f"{path} {secret}\n" for path, secret in targets))
        database = await asyncpg.connect(url)
        try:
            await asyncio.to_thread(wrk, port, file, connections, self.options.warm_up, self._ids())
            await self.fresh(database)
            memory, first = Memory(pid), self._ids()
            result = await asyncio.to_thread(wrk, port, file, connections, self.options.seconds, first)
            peak = memory.stop()
            rows = await self._rows(database, first)
            await self.clear(database)
        finally:
            await database.close()
        self.record(name, connections, result, peak)
        if not result.count <= rows <= result.count + connections or result.faults:
            self.wrong.append(f"{name}, {connections} connections: {result.count} answered with 200, "
                              f"{rows} rows, {result.faults} faults")

    def _ids(self) -> int:
        self._runs += 1
        return 1_000_000_000 + self._runs * RUN_IDS

    async def _rows(self, database: asyncpg.Connection, first: int) -> int:
        return await database.fetchval(
            "SELECT count(*) FROM update_log WHERE update_id >= $1 AND update_id < $2", first, first + RUN_IDS)

    async def peer(self) -> None:
        url = await create_database(self.server, "peer")
        database = await asyncpg.connect(url)
        await database.execute((HERE / "schema.sql").read_text())
        await database.close()
        bot = Bot(uuid.UUID(int=1), uuid.UUID(int=2), "peer-secret-0123456789")
        for workers in (1, 2):
            port = free_port()
            environment = os.environ | {
                "DATABASE_URL": url, "PEER_CONNECTIONS": str(self.options.peer_connections),
                "PEER_BOT": type_id("bot", bot.id), "PEER_SECRET": bot.secret}
            process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "--port", str(port),
                 "--workers", str(workers), "--loop", "uvloop", "--http", "httptools", "--no-access-log",
                 "--log-level", "warning", "--backlog", "1024", "peer:app"], env=environment)
            try:
                await asyncio.to_thread(wait_for, f"http://127.0.0.1:{port}/", process, range(404, 405))
                for connections in CONNECTIONS:
                    await self.http(f"peer, {workers} worker{'s'[:workers - 1]}", url, port, process.pid,
                                    [(bot.path, bot.secret)], connections)
            finally:
                end(process)

    async def pgbench(self) -> None:
        url = await create_database(self.server, "pgbench")
        database = await asyncpg.connect(url)
        payload = self.payload()
        try:
            await database.execute((HERE / "schema.sql").read_text())
            for rows, script in ((1, SINGLE), (50, many(50))):
                for clients in CONNECTIONS:
                    run = (self.binaries, url, script, rows, clients)
                    await asyncio.to_thread(pgbench, *run, self.options.warm_up, payload)
                    await self.fresh(database)
                    result = await asyncio.to_thread(pgbench, *run, self.options.seconds, payload)
                    found = await database.fetchval("SELECT count(*) FROM update_log")
                    await self.clear(database)
                    self.record(f"pgbench, {rows} a statement", clients, result, 0)
                    if found != result.count:
                        self.wrong.append(f"pgbench, {rows} a statement: {result.count} inserted, {found} rows")
        finally:
            await database.close()

    @staticmethod
    def payload() -> str:
        update = ('{"update_id":1000000000,"message":{"message_id":40042,"from":{"id":1000000042,'
                  '"first_name":"Katharina","last_name":"Meyerhoff","username":"katharina_1000000042",'
                  '"is_bot":false,"language_code":"de"},"chat":{"id":1000000042,"type":"private"},'
                  '"date":1700000000,"text":"%s"}}')
        text = "I would like to book the morning class on Tuesday, please. " * 8
        return update % text[:573 - len(update) + 2]

    async def rookery(self) -> None:
        url = await create_database(self.server, "rookery")
        node = Node(url)
        await node.prepare()
        database = await asyncpg.connect(url)
        try:
            bot = await register(database)
            await self._node("Rookery", node, url, [bot], CONNECTIONS)
            if self.options.bots:
                bots = [bot] + await add_bots(database, bot.tenant, self.options.bots - 1)
                name = f"Rookery, {len(bots):,} bots"
                await self._node(f"{name}, one busy", node, url, [bot], CONNECTIONS[-1:])
                await self._node(f"{name}, all busy", node, url, bots, CONNECTIONS[-1:])
        finally:
            await database.close()

    async def _node(self, name: str, node: Node, url: str, bots: list[Bot],
                    concurrency: tuple[int, ...]) -> None:
        process = await asyncio.to_thread(node.start)
        try:
            for connections in concurrency:
                await self.http(name, url, node.port, process.pid, [(b.path, b.secret) for b in bots], connections)
        finally:
            status = await asyncio.to_thread(end, process)
        if status != 0:
            self.wrong.append(f"{name}: ended with {status} after SIGTERM")

    def rate(self, name: str, connections: int) -> float | None:
        found = self.results.get((name, connections))
        return found.rate if found else None

    def best_peer(self, connections: int) -> float | None:
        return max(filter(None, (self.rate(name, connections) for name in ("peer, 1 worker", "peer, 2 workers"))),
                   default=None)

    def report(self) -> str:
        def ratio(rate: float, base: float | None) -> str:
            return f"{rate / base:.2f}" if base else ""

        rows = [[name, str(connections), f"{found.rate:,.0f}", f"{found.p50_ms:.1f}", f"{found.p99_ms:.1f}",
                 f"{found.memory:.0f}" if found.memory else "", ratio(found.rate, self.best_peer(connections)),
                 ratio(found.rate, self.rate("pgbench, 1 a statement", connections)),
                 ratio(found.rate, self.rate("pgbench, 50 a statement", connections))]
                for (name, connections), found in self.results.items()]
        return table(["", "connections", "updates/s", "p50 ms", "p99 ms", "peak MiB", "× peer's best",
                      "× pgbench single", "× pgbench fifty"], rows)

    def targets(self) -> str:
        """What the project asks of itself at 128 connections, beside what was measured."""
        most = CONNECTIONS[-1]
        own = self.results.get(("Rookery", most))
        if own is None:
            return ""
        rate, lines = own.rate, []

        def compare(title: str, value: float | None, limit: float, at_least: bool) -> None:
            if value is not None:
                lines.append(mark(title, value, limit, at_least))

        def over(base: float | None) -> float | None:
            return rate / base if base else None

        compare("rate over the peer's best", over(self.best_peer(most)), 8, True)
        compare("rate over pgbench, single rows", over(self.rate("pgbench, 1 a statement", most)), 1.5, True)
        compare("rate over pgbench, fifty rows", over(self.rate("pgbench, 50 a statement", most)), 0.4, True)
        compare("p99, ms", own.p99_ms, 25, False)
        compare("memory, MiB", max(found.memory for (name, _), found in self.results.items() if name == "Rookery"),
                60, False)
        for (name, _), found in self.results.items():
            if name.startswith("Rookery, ") and name.endswith("one busy"):
                compare(f"memory, MiB: {name}", found.memory, 120, False)
                compare(f"rate over one bot's: {name}", found.rate / rate, 0.9, True)
        return table([f"At {most} connections", "measured", "asked", "met"], lines)


async def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench ingest", description="Updates stored durably a second.")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of it is measured (default 3)")
    parser.add_argument("--seconds", type=int, default=10, help="length of each run (default 10)")
    parser.add_argument("--warm-up", type=int, default=3, help="seconds before each run (default 3)")
    parser.add_argument("--pause", type=int, default=3, help="seconds before each run, for the disk (default 3)")
    parser.add_argument("--only", default="peer,pgbench,rookery", help="which of peer,pgbench,rookery")
    parser.add_argument("--bots", type=int, default=100_000, help="bots of the last runs; 0 leaves them out")
    parser.add_argument("--peer-connections", type=int, default=16, help="database connections a peer's worker")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        for _ in range(options.rounds):
            for part in options.only.split(","):
                print(part, file=sys.stderr)
                await bench.drop(part)
                await {"peer": bench.peer, "pgbench": bench.pgbench, "rookery": bench.rookery}[part]()
    print(bench.report(), bench.targets(), *bench.wrong, sep="\n\n")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
