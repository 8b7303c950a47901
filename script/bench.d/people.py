"""Tenants, people and requests of `script/bench api`."""

import base64
import hashlib
import json
import urllib.request

import asyncpg

PASSWORD = "a long enough password"
ADMINS = 100


def password_hash() -> str:
    salt = b"sixteen bytes !!"
    derived = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=2**15, r=8, p=3, maxmem=1 << 27, dklen=32)
    coded = [base64.b64encode(part).decode().rstrip("=") for part in (salt, derived)]
    return f"$scrypt$ln=15,r=8,p=3${coded[0]}${coded[1]}"


async def add_tenants(connection: asyncpg.Connection, first: int, count: int) -> None:
    """Tenants number first … first + count - 1, each with ADMINS people, the first of them its owner. Their ids
    are their numbers, so that everything can be named without being looked up; one hash serves all."""
    await connection.execute(
        """
        CREATE OR REPLACE FUNCTION pg_temp.numbered(kind integer, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
            AS $$ SELECT ('01900000-000' || kind || '-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid $$
        """)
    await connection.execute(
        """
        INSERT INTO tenant (id, name, slug, limits)
        SELECT pg_temp.numbered(1, n), 'Tenant ' || n, 'tenant-' || n, '{"requests_per_minute": null}'
        FROM generate_series($1::bigint, $2) AS n
        """, first, first + count - 1)
    people = (first * ADMINS, (first + count) * ADMINS - 1)
    await connection.execute(
        f"""
        INSERT INTO account (id, email, email_folded, name, password_hash)
        SELECT pg_temp.numbered(2, n), e, e, 'Person ' || n, '{password_hash()}'
        FROM generate_series($1::bigint, $2) AS n, LATERAL (SELECT 'person' || n || '@example.com' AS e) AS named
        """, *people)
    await connection.execute(
        f"""
        INSERT INTO admin (tenant_id, id, account_id, email, name, role)
        SELECT pg_temp.numbered(1, n / {ADMINS}), pg_temp.numbered(3, n), pg_temp.numbered(2, n),
            'person' || n || '@example.com', 'Person ' || n, CASE WHEN n % {ADMINS} = 0 THEN 'owner' ELSE 'support' END
        FROM generate_series($1::bigint, $2) AS n
        """, *people)
    await connection.execute("VACUUM ANALYZE tenant, account, admin")


def owner(tenant: int) -> str:
    return f"person{tenant * ADMINS}@example.com"


def sign_in(port: int, tenant: int) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/auth/login", method="POST", headers={"Content-Type": "application/json"},
        data=json.dumps({"email": owner(tenant), "password": PASSWORD}).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["access_token"]


def listing(token: str) -> list[dict]:
    return [{"method": "GET", "path": "/v1/admins?limit=50", "headers": {"Authorization": f"Bearer {token}"}}]


def signing_in(tenants: range) -> list[dict]:
    return [{"method": "POST", "path": "/v1/auth/login",
             "body": json.dumps({"email": owner(tenant), "password": PASSWORD})} for tenant in tenants]
