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
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from measure import end, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROOKERY_BENCH_BINARY", str(ROOT / ".build/release/rookery"))
KEY_NAME, KEY = "bench", bytes(32)
# Of rookery_app, which is one role for all databases of the server.
PASSWORD = secrets.token_hex(8)
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
            "ROOKERY_MASTER_KEY": f"{KEY_NAME}:{base64.b64encode(KEY).decode()}",
            "ROOKERY_TELEGRAM_API_URL": "http://127.0.0.1:9",
            "ROOKERY_TELEGRAM_IP_CHECK": "off",
            "ROOKERY_ALLOW_PRIVATE_DESTINATIONS": "on",
            "ROOKERY_LOG_LEVEL": "warning",
        } | settings

    async def prepare(self) -> None:
        """Migrates; that gives rookery_app, which owns nothing, the password in DATABASE_URL."""
        self._environment["DATABASE_URL"] = with_database(
            self.owner_url, urlsplit(self.owner_url).path[1:], "rookery_app", PASSWORD)
        subprocess.run([BINARY, "migrate", "up"], env=self._environment, check=True, timeout=60,
                       stdout=subprocess.DEVNULL)

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen([BINARY, "serve"], env=self._environment)
        try:
            wait_for(f"http://127.0.0.1:{self.port}/ready", process, range(200, 201))
        except BaseException:
            end(process)
            raise
        return process


def sealed(secret: str, tenant: uuid.UUID, owner: str, purpose: str) -> bytes:
    """As Rookery's SecretBox seals: AES-256-GCM, bound to tenant, owner and purpose."""
    head = bytes([1, len(KEY_NAME)]) + KEY_NAME.encode()
    nonce = secrets.token_bytes(12)
    associated = head + f"{type_id('tenant', tenant)}/{owner}/{purpose}".encode()
    return head + nonce + AESGCM(KEY).encrypt(nonce, secret.encode(), associated)


async def register(connection: asyncpg.Connection, slug: str = "bench") -> Bot:
    """One tenant without limits and one bot in webhook mode."""
    tenant = uuid7()
    await connection.execute(
        """INSERT INTO tenant (id, name, slug, limits)
           VALUES ($1, $2, $2, '{"ingest_per_minute_per_bot": null}')""", tenant, slug)
    return (await add_bots(connection, tenant, 1))[0]


async def add_bots(connection: asyncpg.Connection, tenant: uuid.UUID, count: int) -> list[Bot]:
    """Bots of one tenant, each with a secret of its own."""
    bots = [Bot(tenant, uuid7(), secrets.token_urlsafe(32)) for _ in range(count)]
    first = 1 + await connection.fetchval("SELECT count(*) FROM bot")
    await connection.copy_records_to_table(
        "bot", columns=["tenant_id", "id", "telegram_id", "name", "mode", "webhook_secrets"],
        records=[(tenant, bot.id, first + number, "bench", "webhook",
                  [sealed(bot.secret, tenant, type_id("bot", bot.id), "webhook_secret")])
                 for number, bot in enumerate(bots)])
    await connection.execute(
        """INSERT INTO bot_registration (telegram_id, tenant_id, bot_id)
           SELECT telegram_id, tenant_id, id FROM bot ON CONFLICT DO NOTHING""")
    return bots


async def add_consumer(connection: asyncpg.Connection, bot: Bot, url: str) -> None:
    """A push consumer of the bot, from the end of its log."""
    consumer = uuid7()
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    await connection.execute(
        """INSERT INTO consumer (tenant_id, bot_id, id, type, name, url, secrets_sealed)
           VALUES ($1, $2, $3, 'push', 'bench', $4, $5)""", bot.tenant, bot.id, consumer, url,
        [sealed(secret, bot.tenant, type_id("consumer", consumer), "signing")])


def uuid7() -> uuid.UUID:
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
