"""script/bench api: what a tenant's list costs, beside FastAPI, and who disturbs whom.

Four parts, each on one PostgreSQL with row-level security on:
  peer     the list of 50 admins with a JWT, Rookery and the peer in turn, 32 and 128 connections
  cover    the list's query as the program runs it (transaction, tenant, row-level security, one round trip) and bare
  tenants  p99 of list and sign-in with 10 tenants, and with 10,000 tenants and 1,000,000 admins
  flood    p99 of one tenant's list, alone, and while another floods at 100 times its limit and 20 sign-ins/s run
"""

import argparse
import asyncio
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

import asyncpg
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from measure import HERE, Memory, Result, end, mark, pgbench, run_wrk, table, wait_for
from node import Node, create_database, free_port, with_database
from people import ADMINS, PASSWORD, add_tenants, listing, owner, sign_in, signing_in

CONNECTIONS = (32, 128)
FLOODED_LIMIT = 600


class Load:
    """Requests on a fixed schedule, from a process of their own."""

    def __init__(self, folder: pathlib.Path, port: int, rate: float, seconds: float, connections: int,
                 requests: list[dict]):
        file = folder / f"requests-{uuid.uuid4()}"
        file.write_text("".join(json.dumps(request) + "\n" for request in requests))
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "paced.py"), str(port), str(rate), str(seconds), str(connections), str(file)],
            stdout=subprocess.PIPE, text=True)
        self._limit = seconds + 90

    def result(self) -> dict:
        return json.loads(self._process.communicate(timeout=self._limit)[0])


class Bench:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path):
        self.options = options
        self.folder = folder
        self.server = os.environ["BENCH_DATABASE_URL"]
        self.binaries = os.environ["BENCH_POSTGRES_BINARIES"]
        self.lists: dict[tuple[str, int], tuple[Result, float]] = {}
        self.rows: list[list[str]] = []
        self.marks: list[list[str]] = []
        self.wrong: list[str] = []

    # Lists beside the peer

    def list(self, name: str, port: int, pid: int, token: str) -> None:
        for connections in CONNECTIONS:
            run_wrk(port, "list.lua", connections, self.options.warm_up, "/v1/admins?limit=50", token)
            memory = Memory(pid)
            result = run_wrk(port, "list.lua", connections, self.options.seconds, "/v1/admins?limit=50", token)
            self.lists[name, connections] = (result, memory.stop())
            print(f"  {name}, {connections} connections: {result.rate:,.0f}/s, p99 {result.p99_ms:.1f} ms, "
                  f"{result.faults} faults", file=sys.stderr)
            if result.faults:
                self.wrong.append(f"{name}, {connections} connections: {result.faults} requests failed")

    async def peer(self) -> None:
        url = await create_database(self.server, "peer")
        node = Node(url)
        await node.prepare()
        connection = await asyncpg.connect(url)
        await add_tenants(connection, 0, 10)
        await connection.close()
        process = await asyncio.to_thread(node.start)
        try:
            token = await asyncio.to_thread(sign_in, node.port, 3)
            await asyncio.to_thread(self.list, "Rookery", node.port, process.pid, token)
        finally:
            await asyncio.to_thread(end, process)
        await self.fastapi(url)
        for connections in CONNECTIONS:
            best = max(self.lists[f"peer, {workers}", connections][0].rate for workers in ("1 worker", "2 workers"))
            self.marks.append(mark(f"list of 50, over the peer's best, {connections} connections",
                                   self.lists["Rookery", connections][0].rate / best, 4, at_least=True))

    async def fastapi(self, url: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        public = self.folder / "public.pem"
        public.write_bytes(key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        tenant = "01900000-0001-7000-8000-000000000003"
        token = jwt.encode({"iss": "urn:peer", "aud": "rookery-api", "tid": tenant, "exp": time.time() + 3600},
                           key, algorithm="ES256")
        for workers in (1, 2):
            port = free_port()
            environment = os.environ | {"DATABASE_URL": url, "PEER_PUBLIC_KEY": str(public),
                                        "PEER_CONNECTIONS": str(self.options.peer_connections)}
            process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "--port", str(port),
                 "--workers", str(workers), "--loop", "uvloop", "--http", "httptools", "--no-access-log",
                 "--log-level", "warning", "--backlog", "1024", "peer_api:app"], env=environment)
            try:
                await asyncio.to_thread(wait_for, f"http://127.0.0.1:{port}/", process, range(404, 405))
                name = f"peer, {workers} worker{'s'[:workers - 1]}"
                await asyncio.to_thread(self.list, name, port, process.pid, token)
            finally:
                await asyncio.to_thread(end, process)

    # The query with and without its cover

    async def cover(self) -> None:
        url = await create_database(self.server, "cover")
        node = Node(url)
        await node.prepare()
        connection = await asyncpg.connect(url)
        await add_tenants(connection, 0, 10)
        await connection.execute("ALTER ROLE rookery_app PASSWORD 'cover'")
        await connection.close()
        tenant = "01900000-0001-7000-8000-000000000003"
        query = (f"SELECT tenant_id, id, email, name, role, created_at, updated_at FROM admin "
                 f"WHERE tenant_id = '{tenant}' ORDER BY id DESC LIMIT 51;\n")
        covered = (f"\\startpipeline\nBEGIN READ ONLY;\nSET LOCAL app.tenant_id = '{tenant}';\n{query}COMMIT;\n"
                   "\\endpipeline\n")
        program = with_database(url, "cover", "rookery_app", "cover")
        for name, address, script in (("bare", url, query), ("covered", program, covered)):
            await asyncio.to_thread(pgbench, self.binaries, address, script, 1, 16, self.options.warm_up, "none")
        rates: dict[str, list[float]] = {"bare": [], "covered": []}
        for _ in range(3):
            for name, address, script in (("bare", url, query), ("covered", program, covered)):
                result = await asyncio.to_thread(
                    pgbench, self.binaries, address, script, 1, 16, max(3, self.options.seconds // 2), "none")
                rates[name].append(result.rate)
        bare, with_cover = (sorted(rates[name])[1] for name in ("bare", "covered"))
        self.rows += [["the list's query, bare", f"{bare:,.0f}/s", ""],
                      ["the same in a tenant's transaction, with row-level security", f"{with_cover:,.0f}/s", ""]]
        self.marks.append(mark("tenant-scoped read over the bare query", with_cover / bare, 0.75, at_least=True))

    # Many tenants

    async def tenants(self) -> None:
        """Both databases in turn, three times; of three runs the middle one counts."""
        nodes: dict[str, Node] = {}
        for count in (10, self.options.tenants):
            url = await create_database(self.server, f"tenants_{count}")
            node = nodes[f"{count:,} tenants, {count * ADMINS:,} admins"] = Node(url)
            await node.prepare()
            connection = await asyncpg.connect(url)
            await add_tenants(connection, 0, count)
            await connection.execute("CHECKPOINT")
            await connection.close()
        runs: dict[str, list[dict]] = {name: [] for name in nodes}
        for _ in range(3):
            for name, node in nodes.items():
                runs[name].append(await self._latencies(node))
        for kind in ("list", "sign-in"):
            middle = []
            for name in nodes:
                p50, p99 = (sorted(run[kind][figure] for run in runs[name])[1] for figure in ("p50_ms", "p99_ms"))
                middle.append(p99)
                self.rows.append([f"{kind}, {name}", f"p50 {p50:.1f} ms", f"p99 {p99:.1f} ms"])
            self.marks.append(mark(f"p99 of {kind} with many tenants over that with 10", middle[1] / middle[0], 1.2))

    async def _latencies(self, node: Node) -> dict[str, dict]:
        process = await asyncio.to_thread(node.start)
        try:
            token = await asyncio.to_thread(sign_in, node.port, 3)
            seconds = self.options.seconds
            run_wrk(node.port, "list.lua", 8, self.options.warm_up, "/v1/admins?limit=50", token)
            lists = await asyncio.to_thread(Load(self.folder, node.port, 300, 2 * seconds, 8, listing(token)).result)
            # Two a second: below what one core hashes.
            entries = await asyncio.to_thread(
                Load(self.folder, node.port, 2, 2 * seconds, 4, signing_in(range(10))).result)
        finally:
            await asyncio.to_thread(end, process)
        self._expect("list", lists, {"200"})
        self._expect("sign-in", entries, {"200"})
        return {"list": lists["all"], "sign-in": entries["all"]}

    def _expect(self, name: str, result: dict, allowed: set[str]) -> None:
        if not set(result["statuses"]) <= allowed:
            self.wrong.append(f"{name}: answers {result['statuses']}")

    # One tenant's flood

    async def flood(self) -> None:
        url = await create_database(self.server, "flood")
        node = Node(url)
        await node.prepare()
        connection = await asyncpg.connect(url)
        await add_tenants(connection, 0, 10)
        await connection.execute("UPDATE tenant SET limits = '{}' WHERE slug = 'tenant-5'")
        await connection.close()
        process = await asyncio.to_thread(node.start)
        try:
            token, flooding = [await asyncio.to_thread(sign_in, node.port, tenant) for tenant in (3, 5)]
            await asyncio.to_thread(run_wrk, node.port, "list.lua", 8, self.options.warm_up,
                                    "/v1/admins?limit=50", token)
            seconds = 2 * self.options.seconds
            quiet = await asyncio.to_thread(
                Load(self.folder, node.port, 200, seconds, 8, listing(token)).result)
            # 40 connections: a thousand requests a second, 100 times the limit, and 20 sign-ins. By wrk, which takes
            # little of the machine: the list is to suffer from Rookery's work, if at all, not from the generator's.
            credentials = json.dumps({"email": owner(7), "password": PASSWORD})
            noise = [asyncio.create_task(asyncio.to_thread(run_wrk, node.port, "noise.lua", 40, seconds + 4, *request))
                     for request in (("40", "GET", "/v1/admins?limit=50", flooding),
                                     ("2000", "POST", "/v1/auth/login", "-", credentials))]
            await asyncio.sleep(2)
            loud = await asyncio.to_thread(
                Load(self.folder, node.port, 200, seconds, 8, listing(token)).result)
            flood, entries = [await task for task in noise]
        finally:
            await asyncio.to_thread(end, process)
        self._expect("list, quiet", quiet, {"200"})
        self._expect("list, loud", loud, {"200"})
        for name, measured in (("quiet", quiet), ("during the flood", loud)):
            self.rows.append([f"another tenant's list, {name}", f"p50 {measured['all']['p50_ms']:.1f} ms",
                              f"p99 {measured['all']['p99_ms']:.1f} ms"])
        for name, noise in (("the flood", flood), ("the sign-ins", entries)):
            asked = noise.count + noise.faults
            self.rows.append([f"{name}: {asked / noise.seconds:,.0f} requests/s", f"let in {noise.count}",
                              f"refused {noise.faults}"])
        self.marks.append(mark("p99 of another tenant's list over its quiet value",
                               loud["all"]["p99_ms"] / quiet["all"]["p99_ms"], 1.3))

    def report(self) -> str:
        lists = [[name, str(connections), f"{result.rate:,.0f}", f"{result.p50_ms:.1f}", f"{result.p99_ms:.1f}",
                  f"{memory:.0f}"] for (name, connections), (result, memory) in self.lists.items()]
        parts = []
        if lists:
            parts.append(table(["list of 50 with a JWT", "connections", "requests/s", "p50 ms", "p99 ms", "peak MiB"],
                               lists))
        if self.rows:
            parts.append(table(["", "", ""], self.rows))
        return "\n\n".join([*parts, table(["", "measured", "asked", "met"], self.marks), *self.wrong])


async def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench api", description="The REST API under load.")
    parser.add_argument("--seconds", type=int, default=10, help="length of each run (default 10)")
    parser.add_argument("--warm-up", type=int, default=3, help="seconds before each run (default 3)")
    parser.add_argument("--only", default="peer,cover,tenants,flood", help="which of peer,cover,tenants,flood")
    parser.add_argument("--tenants", type=int, default=10_000, help="tenants of the large database, of 100 admins each")
    parser.add_argument("--peer-connections", type=int, default=16, help="database connections a peer's worker")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        for part in options.only.split(","):
            print(part, file=sys.stderr)
            await getattr(bench, part)()
    print(bench.report())
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
