"""Rookery under the benches: a node of `rookery serve` on a database of its own, and the rows it needs.

Everything here that knows Rookery's tables is in `register`, `add_bots` and `add_consumer`.
"""

import base64
import os
import pathlib
import secrets
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from measure import end, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROOKERY_BENCH_BINARY", str(ROOT / ".build/release/rookery"))
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass
class Bot:
    tenant: uuid.UUID
    id: uuid.UUID
    secret: str

    @property
    def path(self) -> str:
        return f"/telegram/webhook/{type_id('bot', self.id)}"


def type_id(prefix: str, value: uuid.UUID) -> str:
    number, digits = value.int, ""
    for _ in range(26):
        digits, number = ALPHABET[number % 32] + digits, number // 32
    return f"{prefix}_{digits}"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def with_database(url: str, name: str, user: str | None = None, password: str | None = None) -> str:
    parts = urlsplit(url)
    account = parts.netloc.rpartition("@")[0] if user is None else f"{user}:{password}"
    return urlunsplit(parts._replace(netloc=f"{account}@{parts.hostname}:{parts.port}", path=f"/{name}"))


async def create_database(server: str, name: str) -> str:
    """Makes an empty database; gives the superuser's URL to it."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return with_database(server, name)


class Node:
    """A `rookery serve` on a free port. The database must be empty or Rookery's."""

    def __init__(self, owner_url: str, **settings: str):
        self.owner_url = owner_url
        self.port, self.admin_port = free_port(), free_port()
        self._environment = {
            "PATH": os.environ["PATH"],
            "ROOKERY_ENV": "development",
            "ROOKERY_LISTEN": f"127.0.0.1:{self.port}",
            "ROOKERY_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "ROOKERY_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "DATABASE_OWNER_URL": owner_url,
            "DATABASE_URL": owner_url,
            "ROOKERY_MASTER_KEY": "bench:" + base64.b64encode(bytes(32)).decode(),
            "ROOKERY_TELEGRAM_API_URL": "http://127.0.0.1:9",
            "ROOKERY_TELEGRAM_IP_CHECK": "off",
            "ROOKERY_ALLOW_PRIVATE_DESTINATIONS": "on",
            "ROOKERY_LOG_LEVEL": "warning",
        } | settings

    async def prepare(self) -> None:
        """Migrates, and gives the program a role that owns nothing to connect with."""
        subprocess.run([BINARY, "migrate", "up"], env=self._environment, check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        password = secrets.token_hex(8)
        self._environment["DATABASE_URL"] = with_database(
            self.owner_url, urlsplit(self.owner_url).path[1:], "rookery_bench", password)
        connection = await asyncpg.connect(self.owner_url)
        try:
            await connection.execute(f"CREATE ROLE rookery_bench LOGIN PASSWORD '{password}'")
            await connection.execute("GRANT rookery_app, rookery_worker TO rookery_bench")
        finally:
            await connection.close()

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen([BINARY, "serve"], env=self._environment)
        try:
            wait_for(f"http://127.0.0.1:{self.port}/ready", process, range(200, 201))
        except BaseException:
            end(process)
            raise
        return process


async def register(connection: asyncpg.Connection) -> Bot:
    """One tenant without limits and one bot in webhook mode."""
    bot = Bot(uuid7(), uuid7(), secrets.token_urlsafe(32))
    await connection.execute(
        """INSERT INTO tenant (id, name, status, limits)
           VALUES ($1, 'bench', 'active', '{"ingest_per_minute_per_bot": 1000000000}')""", bot.tenant)
    await connection.execute(
        """INSERT INTO bot (tenant_id, id, telegram_id, name, mode, status, webhook_secret_hash)
           VALUES ($1, $2, 1, 'bench', 'webhook', 'active', sha256($3))""",
        bot.tenant, bot.id, bot.secret.encode())
    return bot


async def add_bots(connection: asyncpg.Connection, like: Bot, count: int) -> list[Bot]:
    """More bots of one tenant: copies of a bot's row, with the same secret."""
    await connection.execute(
        """INSERT INTO bot
           SELECT copy.* FROM bot, generate_series(1, $2::int) AS number, LATERAL jsonb_populate_record(
               bot, jsonb_build_object('id', gen_random_uuid(), 'telegram_id', 1000000 + number)) AS copy
           WHERE bot.id = $1""", like.id, count)
    rows = await connection.fetch("SELECT id FROM bot WHERE tenant_id = $1", like.tenant)
    return [Bot(like.tenant, row["id"], like.secret) for row in rows]


async def add_consumer(connection: asyncpg.Connection, bot: Bot, url: str) -> None:
    """A push consumer of the bot, from the end of its log."""
    await connection.execute(
        """INSERT INTO consumer (tenant_id, bot_id, id, type, name, status, url)
           VALUES ($1, $2, $3, 'push', 'bench', 'active', $4)""", bot.tenant, bot.id, uuid7(), url)


def uuid7() -> uuid.UUID:
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
