"""The peer of `script/bench deliver` as processes: Redis, Celery's workers and uvicorn, on the same PostgreSQL."""

import asyncio
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack

import asyncpg

from load import Traffic
from measure import HERE, end, family, resident, wait_for
from node import create_database, free_port, type_id

# Settings that users of these programs turn, of which the best counts. `workers` are uvicorn's; the others are
# Celery's: its pool, how many tasks at a time, how many fetched ahead for each of them.
VARIANTS = [
    {"workers": 1, "pool": "prefork", "concurrency": 2, "prefetch": 4},
    {"workers": 1, "pool": "prefork", "concurrency": 4, "prefetch": 64},
    {"workers": 2, "pool": "prefork", "concurrency": 2, "prefetch": 64},
    {"workers": 1, "pool": "threads", "concurrency": 8, "prefetch": 16},
    {"workers": 1, "pool": "gevent", "concurrency": 100, "prefetch": 4},
    {"workers": 1, "pool": "solo", "concurrency": 1, "prefetch": 64},
]


class PeerSetting:
    """Use with `with`; every process is ended by its own pid."""

    def __init__(self, variant: dict):
        self.variant, self.traffic, self.port = variant, Traffic(), free_port()
        self.name = ("FastAPI + Celery, {workers} uvicorn, {pool} {concurrency}, prefetch {prefetch}"
                     .format(**variant))
        self._bots = [(uuid.UUID(int=number), secrets.token_urlsafe(24)) for number in range(1, 101)]
        self.roots: dict[str, int] = {}
        self._closing = ExitStack()

    @property
    def targets(self) -> list[tuple[str, str]]:
        return [(f"/telegram/webhook/{type_id('bot', bot)}", secret) for bot, secret in self._bots]

    def memory(self) -> float:
        """MiB of all of it but PostgreSQL, with what the processes share counted for each."""
        return sum(resident(pid) for root in self.roots.values() for pid in family(root)) / 1024

    def __enter__(self) -> "PeerSetting":
        return self

    def __exit__(self, *error) -> None:
        self._closing.close()

    def start(self) -> None:
        self._closing.callback(self.traffic.stop)
        url = asyncio.run(self._database())
        redis = free_port()
        environment = os.environ | {
            "DATABASE_URL": url, "PEER_REDIS": f"redis://127.0.0.1:{redis}/0", "PEER_RECEIVER": self.traffic.url,
            "PEER_BOTS": json.dumps([(type_id("bot", bot), str(bot), secret) for bot, secret in self._bots])}
        self._start_redis(redis)
        self._start_celery(environment)
        process = self._run("uvicorn", [
            sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "--port", str(self.port),
            "--workers", str(self.variant["workers"]), "--loop", "uvloop", "--http", "httptools", "--no-access-log",
            "--log-level", "warning", "--backlog", "2048", "peer_deliver:app"], env=environment)
        wait_for(f"http://127.0.0.1:{self.port}/", process, range(404, 405))

    async def _database(self) -> str:
        url = await create_database(os.environ["BENCH_DATABASE_URL"], f"peer_{uuid.uuid4().hex[:8]}")
        database = await asyncpg.connect(url)
        try:
            await database.execute((HERE / "schema.sql").read_text())
            await database.execute("CHECKPOINT")
        finally:
            await database.close()
        return url

    def _start_redis(self, port: int) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise SystemExit("no redis-server found: script/setup --bench installs it")
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="rookery-redis-"))
        process = self._run("Redis", [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "",
                                      "--appendonly", "no", "--dir", folder], stdout=subprocess.DEVNULL)

        def answers() -> bool:
            with socket.socket() as asked:
                return asked.connect_ex(("127.0.0.1", port)) == 0

        self._wait("redis-server", process, answers)

    def _start_celery(self, environment: dict[str, str]) -> None:
        folder = pathlib.Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="rookery-celery-")))
        log, ready = folder / "log", folder / "ready"
        with log.open("w") as output:
            process = self._run("Celery", [
                sys.executable, "-m", "celery", "-A", "peer_deliver.celery", "--workdir", str(HERE), "worker",
                "--pool", self.variant["pool"], "--concurrency", str(self.variant["concurrency"]),
                "--prefetch-multiplier", str(self.variant["prefetch"]), "--without-gossip", "--without-mingle",
                "--without-heartbeat", "--loglevel", "warning"],
                env=environment | {"PEER_READY": str(ready)}, stdout=output, stderr=subprocess.STDOUT)
        self._wait("celery", process, ready.exists, log)

    @staticmethod
    def _wait(name: str, process: subprocess.Popen, is_ready, log: pathlib.Path | None = None) -> None:
        deadline = time.monotonic() + 60
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start: {log.read_text()[-2000:] if log else ''}")
            time.sleep(0.05)

    def _run(self, name: str, command: list[str], **more) -> subprocess.Popen:
        process = subprocess.Popen(command, **more)
        self.roots[name] = process.pid
        self._closing.callback(_end_family, process)
        return process


def _end_family(process: subprocess.Popen) -> None:
    """SIGTERM to the parent, which ends its children; what is left of them after that gets SIGKILL."""
    children = {pid: _started(pid) for pid in family(process.pid)[1:]}
    end(process)
    for pid, started in children.items():
        if started and _started(pid) == started:
            os.kill(pid, signal.SIGKILL)


def _started(pid: int) -> str:
    """When a process began, so that another of the same number is not taken for it; empty when there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
