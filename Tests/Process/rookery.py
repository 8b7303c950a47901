"""Rookery as its users start it: `rookery dev --json`, and more nodes by `rookery serve`."""

import json
import os
import pathlib
import shutil
import tempfile
import time
from contextlib import contextmanager

import httpx

import web
from processes import BINARY, Process, family, kill, naming

# Two loops on any machine: what one does for the other is to be tested too. This machine counts as a proxy, so that
# a test can come from any address.
SETTINGS = {
    "ROOKERY_LISTEN": "127.0.0.1:0", "ROOKERY_ADMIN_LISTEN": "127.0.0.1:0", "ROOKERY_LOOPS": "2",
    "ROOKERY_TRUSTED_PROXIES": "127.0.0.1/32",
}


def start_dev(data_folder: pathlib.Path, settings: dict[str, str] | None = None) -> Process:
    """`rookery dev`, only just started."""
    command = [BINARY, "dev", "--json", "--data-dir", str(data_folder)]
    return Process(command, data_folder.with_name("dev.log"), SETTINGS | (settings or {}))


class Rookery:
    """A running `rookery dev`, with what its one line of JSON says as attributes of the same names.

    With ROOKERY_TELEGRAM_API_URL among the settings it has neither a sandbox of its own nor a demo bot.
    """

    def __init__(self, data_folder: pathlib.Path, settings: dict[str, str] | None = None):
        self.data_folder = data_folder
        self.settings = settings or {}
        self.process = start_dev(data_folder, settings)
        try:
            ready = json.loads(self.process.first_line(90))
        except BaseException:
            self.process.end()
            raise
        self.api: str = ready["api"].rstrip("/")
        self.admin: str = ready["admin"].rstrip("/")
        self.sandbox: str = self.settings.get("ROOKERY_TELEGRAM_API_URL", ready.get("sandbox")).rstrip("/")
        self.database_url: str = ready["database_url"]
        self.database_owner_url: str = ready["database_owner_url"]
        self.tenant_id: str = ready["tenant_id"]
        self.owner: dict[str, str] = ready["owner"]
        self.platform_admin: dict[str, str] = ready["platform_admin"]
        self.api_key: str = ready["api_key"]
        self.bot: dict = ready.get("bot", {})
        self.environment: dict[str, str] = ready["environment"]
        self.trace: dict[str, str] = ready.get("trace", {})

    @property
    def webhook(self) -> str:
        return f"{self.api}/telegram/webhook/{self.bot['id']}"

    @property
    def secret(self) -> dict[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": self.bot["webhook_secret"]}

    @property
    def master_key(self) -> str:
        return self.environment["ROOKERY_MASTER_KEY"]

    def post(self, update: dict) -> httpx.Response:
        return web.post(self.webhook, json=update, headers=self.secret)

    def postgres(self) -> list[int]:
        """The pids of its PostgreSQL, the server's own first."""
        found = next(self.data_folder.rglob("postmaster.pid"))
        return family(int(found.read_text().splitlines()[0]))


class Node:
    """One more `rookery serve` on the same database."""

    def __init__(self, rookery: Rookery, port: int, awaits_ready: bool = True):
        self.api = f"http://127.0.0.1:{port}"
        if rookery.bot:
            self.webhook = f"{self.api}/telegram/webhook/{rookery.bot['id']}"
        environment = rookery.environment | SETTINGS | rookery.settings | {"ROOKERY_LISTEN": f"127.0.0.1:{port}"}
        self.process = Process([BINARY, "serve"], rookery.data_folder.with_name(f"node-{port}.log"), environment)
        if not awaits_ready:
            return
        try:
            until(lambda: self._is_ready(), 30, lambda: f"the node is not ready\n{self.process.tail()}")
        except BaseException:
            self.process.end()
            raise

    def _is_ready(self) -> bool:
        assert self.process.is_running(), self.process.tail()
        try:
            return web.get(f"{self.api}/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def data_folder():
    """A folder that PostgreSQL's own user can reach too; nothing that uses it survives."""
    top = pathlib.Path(tempfile.mkdtemp(prefix="rookery-test-"))
    os.chmod(top, 0o711)
    try:
        yield top / "data"
    finally:
        for pid in naming(str(top)):
            kill(pid)
        shutil.rmtree(top, ignore_errors=True)


@contextmanager
def running(settings: dict[str, str] | None = None):
    with data_folder() as folder:
        rookery = Rookery(folder, settings)
        try:
            yield rookery
        finally:
            rookery.process.end()


@contextmanager
def node_beside(rookery: Rookery, port: int):
    node = Node(rookery, port)
    try:
        yield node
    finally:
        node.process.end()


def until(holds, seconds: float, message=lambda: "it did not happen in time") -> None:
    """Asks again and again until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, message()
        time.sleep(0.05)
