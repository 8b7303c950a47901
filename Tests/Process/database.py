"""Everything in these tests that knows Rookery's tables.

It connects as the owner of `rookery dev`, who sees every row. A running program takes notice of what is changed
here within about a second.
"""

import base64
import json
import secrets
import uuid
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

import typeid
from rookery import Rookery
from sealing import seal


@contextmanager
def connection(rookery: Rookery):
    with connected(rookery.database_owner_url) as opened:
        yield opened


def connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url, connect_timeout=10)


def create_consumer(rookery: Rookery, url: str, bot: "Bot | None" = None, **options) -> str:
    """A push consumer of the demo bot or another, from the end of its log.

    Options: name, secret (whsec_…), telegram_secret_token, kinds, timeout_ms, retry_schedule_ms.
    Returns its id.
    """
    consumer = typeid.make("consumer")
    tenant, bot_id = (bot.tenant_id, bot.id) if bot else (rookery.tenant_id, rookery.bot["id"])
    secret = options.pop("secret", None) or "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    token = options.pop("telegram_secret_token", None)

    def sealed(text: str, purpose: str) -> bytes:
        return seal(rookery.master_key, text, f"{tenant}/{consumer}/{purpose}")

    values = {"name": "test"} | options | {
        "tenant_id": typeid.decode(tenant), "bot_id": typeid.decode(bot_id),
        "id": typeid.decode(consumer), "type": "push", "url": url,
        "secrets_sealed": [sealed(secret, "signing")],
        "telegram_secret_sealed": sealed(token, "telegram_secret") if token else None,
    }
    with connection(rookery) as opened:
        _insert(opened, "consumer", values)
    return consumer


def create_pull_consumer(rookery: Rookery, bot: "Bot", **columns) -> str:
    """From the end of the bot's log. Returns its id."""
    consumer = typeid.make("consumer")
    tenant_id, bot_id, consumer_id = map(typeid.decode, (bot.tenant_id, bot.id, consumer))
    with connection(rookery) as opened:
        _insert(opened, "consumer", {"name": "test", "type": "pull"} | columns | {
            "tenant_id": tenant_id, "bot_id": bot_id, "id": consumer_id})
        opened.execute(
            """INSERT INTO consumer_cursor (tenant_id, consumer_id, position, express_position)
               SELECT %s, %s, l.position, l.position FROM (SELECT coalesce(max(position), 0) AS position
                   FROM update_log WHERE tenant_id = %s AND bot_id = %s) AS l""",
            (tenant_id, consumer_id, tenant_id, bot_id))
    return consumer


def create_delivery(rookery: Rookery, bot: "Bot", consumer: str, error: str) -> str:
    """One that has expired, of a consumer of the bot. Returns its id."""
    delivery = typeid.make("delivery")
    with connection(rookery) as opened:
        _insert(opened, "delivery", {
            "tenant_id": typeid.decode(bot.tenant_id), "id": typeid.decode(delivery), "bot_id": typeid.decode(bot.id),
            "consumer_id": typeid.decode(consumer), "position": 1, "update_id": 1, "kind": "callback_query",
            "lane": "callback_query:1", "received_at": "2026-01-01", "payload": '{"update_id": 1}', "status": "expired",
            "last_error": error})
    return delivery


def disable_consumer(rookery: Rookery, consumer: str) -> None:
    with connection(rookery) as opened:
        opened.execute("UPDATE consumer SET status = 'disabled', updated_at = now() WHERE tenant_id = %s AND id = %s",
                       (typeid.decode(rookery.tenant_id), typeid.decode(consumer)))


@dataclass
class Bot:
    id: str
    tenant_id: str
    secrets: list[str]


def create_tenant(rookery: Rookery) -> str:
    tenant = typeid.make("tenant")
    with connection(rookery) as opened:
        _insert(opened, "tenant", {
            "id": typeid.decode(tenant), "name": "Test", "slug": tenant.replace("_", "-")})
    return tenant


def create_bot(rookery: Rookery, tenant: str, secret_count: int = 1, name: str = "Test", username: str | None = None) -> Bot:
    """A bot that Telegram knows nothing of, with so many webhook secrets."""
    bot = Bot(typeid.make("bot"), tenant, [secrets.token_urlsafe(24) for _ in range(secret_count)])
    telegram_id = secrets.randbelow(1 << 52) + 1
    keys = {"tenant_id": typeid.decode(tenant), "telegram_id": telegram_id}
    sealed = [seal(rookery.master_key, secret, f"{tenant}/{bot.id}/webhook_secret") for secret in bot.secrets]
    with connection(rookery) as opened:
        _insert(opened, "bot", keys | {
            "id": typeid.decode(bot.id), "name": name, "username": username, "mode": "webhook",
            "webhook_secrets": sealed})
        _insert(opened, "bot_registration", keys | {"bot_id": typeid.decode(bot.id)})
        # Nobody is to look for it at Telegram.
        _insert(opened, "bot_webhook", {
            "tenant_id": typeid.decode(tenant), "bot_id": typeid.decode(bot.id), "next_check_at": "2200-01-01"})
    return bot


def delete_bot(rookery: Rookery, bot: Bot) -> None:
    """As the program deletes it: marked, and its secrets gone."""
    with connection(rookery) as opened:
        opened.execute(
            """UPDATE bot SET status = 'deleted', token_sealed = NULL, webhook_secrets = '{}', updated_at = now()
               WHERE tenant_id = %s AND id = %s""", (typeid.decode(bot.tenant_id), typeid.decode(bot.id)))
        opened.execute("DELETE FROM bot_webhook WHERE bot_id = %s", (typeid.decode(bot.id),))


def suspend(rookery: Rookery, tenant: str) -> None:
    with connection(rookery) as opened:
        opened.execute("UPDATE tenant SET status = 'suspended', updated_at = now() WHERE id = %s",
                       (typeid.decode(tenant),))


def logged(rookery: Rookery, first_id: int, last_id: int) -> list[int]:
    """The update ids from first to last in the demo bot's log, one for each row."""
    with connection(rookery) as opened:
        rows = opened.execute(
            """SELECT update_id FROM update_log
               WHERE tenant_id = %s AND bot_id = %s AND update_id BETWEEN %s AND %s ORDER BY position""",
            (typeid.decode(rookery.tenant_id), typeid.decode(rookery.bot["id"]), first_id, last_id))
        return [row[0] for row in rows]


def log_of(rookery: Rookery, bot: str) -> list[tuple[int, int]]:
    """Update id and chat of all that is in a bot's log, in its order."""
    with connection(rookery) as opened:
        return opened.execute("SELECT update_id, chat_id FROM update_log WHERE bot_id = %s ORDER BY position",
                              (typeid.decode(bot),)).fetchall()


def logged_in_order(rookery: Rookery, bot: str) -> list[tuple[int, int, str, str, float]]:
    """Position, update id, kind, lane and time of all that is in a bot's log."""
    with connection(rookery) as opened:
        return opened.execute(
            """SELECT position, update_id, kind, lane, extract(epoch FROM received_at)::float8
               FROM update_log WHERE bot_id = %s ORDER BY position""", (typeid.decode(bot),)).fetchall()


def is_at_end(rookery: Rookery, consumer: str) -> bool:
    """Whether a consumer's cursors are at the end of the log, nothing is out, and no delivery is to be tried again or
    holds its lane."""
    with connection(rookery) as opened:
        return opened.execute(
            """SELECT k.position >= coalesce(max(l.position), 0)
                   AND (c.type = 'push' OR k.express_position >= coalesce(
                       max(l.position) FILTER (WHERE l.deadline IS NOT NULL), 0))
                   AND NOT EXISTS (SELECT FROM delivery AS d WHERE d.tenant_id = c.tenant_id
                       AND d.consumer_id = c.id AND (d.status = 'retrying' OR d.is_parking))
                   AND NOT EXISTS (SELECT FROM pull_handout AS h
                       WHERE h.tenant_id = c.tenant_id AND h.consumer_id = c.id)
               FROM consumer AS c JOIN consumer_cursor AS k ON k.tenant_id = c.tenant_id AND k.consumer_id = c.id
               LEFT JOIN update_log AS l ON l.tenant_id = c.tenant_id AND l.bot_id = c.bot_id
               WHERE c.id = %s GROUP BY c.tenant_id, c.id, k.tenant_id, k.consumer_id""",
            (typeid.decode(consumer),)).fetchone() == (True,)


def shards(rookery: Rookery) -> dict[uuid.UUID, set[int]]:
    """Which shards each node holds."""
    held: dict[uuid.UUID, set[int]] = {}
    with connection(rookery) as opened:
        for node, shard in opened.execute("SELECT node_id, id FROM shard WHERE expires_at > clock_timestamp()"):
            held.setdefault(node, set()).add(shard)
    return held


def cursors(rookery: Rookery, consumers: list[str]) -> dict[str, int]:
    with connection(rookery) as opened:
        return {consumer: opened.execute("SELECT position FROM consumer_cursor WHERE consumer_id = %s",
                                         (typeid.decode(consumer),)).fetchone()[0] for consumer in consumers}


def delivery_rows(rookery: Rookery, consumer: str) -> dict[int, str]:
    """The status of each of a consumer's delivery rows, by position."""
    with connection(rookery) as opened:
        return dict(opened.execute("SELECT position, status FROM delivery WHERE consumer_id = %s",
                                   (typeid.decode(consumer),)).fetchall())


def unanswered_attempts(rookery: Rookery, consumer: str) -> dict[int, list[float]]:
    """When each attempt began whose answer was not seen, by position."""
    found: dict[int, list[float]] = {}
    with connection(rookery) as opened:
        for position, at in opened.execute(
                """SELECT position, extract(epoch FROM at)::float8 FROM delivery_attempt
                   WHERE consumer_id = %s AND status_code IS NULL""", (typeid.decode(consumer),)):
            found.setdefault(position, []).append(at)
    return found


def let_time_pass(rookery: Rookery, seconds: int) -> None:
    """For what nodes hold for a while: the right to work on a bot, jobs, shards, and what they import."""
    with connection(rookery) as opened:
        for table, column in (("bot_webhook", "work_until"), ("job_lease", "expires_at"), ("shard", "expires_at"),
                              ("node", "expires_at"), ("bot_import_item", "next_attempt_at")):
            opened.execute(f"UPDATE {table} SET {column} = {column} - %s * interval '1 second'", (seconds,))


def refused(rookery: Rookery, bot: str, why: str) -> int:
    """How many of a bot's updates were turned away: wrong_secret, limited, forbidden, invalid or failed."""
    with connection(rookery) as opened:
        return opened.execute(f"SELECT coalesce(sum({why}), 0)::bigint FROM bot_hour WHERE bot_id = %s",
                              (typeid.decode(bot),)).fetchone()[0]


def everything(rookery: Rookery) -> dict[str, list[str]]:
    """Every row of every table as text, by table; bytes are in hexadecimal."""
    with connection(rookery) as opened:
        tables = [row[0] for row in opened.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")]
        return {table: [row[0] for row in opened.execute(f'SELECT t::text FROM "{table}" t')] for table in tables}


@contextmanager
def limit(rookery: Rookery, name: str, value: int):
    """Sets one limit of the demo tenant, and takes it away again."""
    with connection(rookery) as opened:
        before = opened.execute("SELECT limits FROM tenant WHERE id = %s",
                                (typeid.decode(rookery.tenant_id),)).fetchone()[0]
    try:
        _set_limits(rookery, before | {name: value})
        yield
    finally:
        _set_limits(rookery, before)


def _set_limits(rookery: Rookery, limits: dict) -> None:
    with connection(rookery) as opened:
        opened.execute("UPDATE tenant SET limits = %s, updated_at = now() WHERE id = %s",
                       (json.dumps(limits), typeid.decode(rookery.tenant_id)))


def _insert(opened: psycopg.Connection, table: str, values: dict) -> None:
    opened.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
        list(values.values()))
