"""Everything in these tests that knows Rookery's tables."""

import json
import uuid
from contextlib import contextmanager

import psycopg

import typeid
from rookery import Rookery


@contextmanager
def tenant_transaction(rookery: Rookery):
    """As the owner of the tables, for whom row-level security holds too."""
    tenant = typeid.decode(rookery.tenant_id)
    with psycopg.connect(rookery.database_owner_url, connect_timeout=10) as connection:
        connection.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
        yield connection, tenant


def create_consumer(rookery: Rookery, url: str, **options) -> uuid.UUID:
    """A push consumer of the demo bot, from the end of its log.

    Options: secret (whsec_…), telegram_secret_token, timeout_ms.
    """
    consumer = typeid.uuid7()
    with tenant_transaction(rookery) as (connection, tenant):
        connection.execute(
            """INSERT INTO consumer (tenant_id, bot_id, id, type, name, status, url, secret,
                                     telegram_secret_token, timeout_ms)
               VALUES (%s, %s, %s, 'push', %s, 'active', %s, %s, %s, %s)""",
            (tenant, typeid.decode(rookery.bot["id"]), consumer, f"test {consumer}", url, options.get("secret"),
             options.get("telegram_secret_token"), options.get("timeout_ms", 30000)))
    return consumer


def delete_consumer(rookery: Rookery, consumer: uuid.UUID) -> None:
    with tenant_transaction(rookery) as (connection, tenant):
        connection.execute("DELETE FROM consumer WHERE tenant_id = %s AND id = %s", (tenant, consumer))


def logged(rookery: Rookery, first_id: int, last_id: int) -> list[int]:
    """The update ids from first to last in the demo bot's log, one for each row."""
    with tenant_transaction(rookery) as (connection, tenant):
        rows = connection.execute(
            """SELECT update_id FROM update_log
               WHERE tenant_id = %s AND bot_id = %s AND update_id BETWEEN %s AND %s ORDER BY position""",
            (tenant, typeid.decode(rookery.bot["id"]), first_id, last_id))
        return [row[0] for row in rows]


@contextmanager
def limit(rookery: Rookery, name: str, value: int):
    """Sets one limit of the demo tenant, and takes it away again."""
    with tenant_transaction(rookery) as (connection, tenant):
        before = connection.execute("SELECT limits FROM tenant WHERE id = %s", (tenant,)).fetchone()[0]
    try:
        _set_limits(rookery, before | {name: value})
        yield
    finally:
        _set_limits(rookery, before)


def _set_limits(rookery: Rookery, limits: dict) -> None:
    with tenant_transaction(rookery) as (connection, tenant):
        connection.execute("UPDATE tenant SET limits = %s WHERE id = %s", (json.dumps(limits), tenant))
