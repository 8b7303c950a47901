"""The peer of `script/bench api`: a tenant's list as one would write it with FastAPI, asyncpg and PyJWT.

The same table and the same query. It verifies the token's signature and claims on every request, as PyJWT's users
do, and answers plain dictionaries as JSON without a response model, so that validation does not count against it.
"""

import os
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import jwt
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

QUERY = """
    SELECT id, email, name, role, created_at, updated_at FROM admin
    WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2
"""
KEY = open(os.environ["PEER_PUBLIC_KEY"]).read()


@asynccontextmanager
async def lifespan(app: FastAPI):
    connections = int(os.environ["PEER_CONNECTIONS"])
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=connections, max_size=connections
    ) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/v1/admins")
async def admins(request: Request, limit: int = 50) -> JSONResponse:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, KEY, algorithms=["ES256"], audience="rookery-api", issuer="urn:peer")
    except jwt.PyJWTError:
        return JSONResponse({"code": "invalid_token"}, status_code=401)
    rows = await request.app.state.pool.fetch(QUERY, UUID(claims["tid"]), limit + 1)
    data = [{"id": str(row["id"]), "email": row["email"], "name": row["name"], "role": row["role"],
             "created_at": row["created_at"].isoformat(), "updated_at": row["updated_at"].isoformat()}
            for row in rows[:limit]]
    return JSONResponse({"data": data, "next_cursor": data[-1]["id"] if len(rows) > limit else None,
                         "has_more": len(rows) > limit})
