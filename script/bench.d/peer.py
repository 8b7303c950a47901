"""The peer of `script/bench ingest`: the webhook as one would write it with FastAPI and asyncpg.

It does what Rookery does for an update: look the bot up in memory, compare the secret in constant time,
parse the update, one INSERT, and 200 after the commit. The answer is raw bytes and the body is not
validated by a model, so FastAPI's slower conveniences do not count against it.
"""

import hmac
import json
import os
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from uuid import UUID

import asyncpg
from fastapi import FastAPI, Request, Response

INSERT = """
    INSERT INTO update_log (tenant_id, bot_id, day, update_id, kind, lane, chat_id, deadline, payload)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
"""
BOTS = {os.environ["PEER_BOT"]: (UUID(int=1), UUID(int=2), os.environ["PEER_SECRET"].encode())}


@asynccontextmanager
async def lifespan(app: FastAPI):
    connections = int(os.environ["PEER_CONNECTIONS"])
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=connections, max_size=connections
    ) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.post("/telegram/webhook/{bot_id}")
async def webhook(bot_id: str, request: Request) -> Response:
    bot = BOTS.get(bot_id)
    if bot is None:
        return Response(status_code=404)
    tenant, bot_uuid, secret = bot
    given = request.headers.get("x-telegram-bot-api-secret-token", "")
    if not hmac.compare_digest(given.encode(), secret):
        return Response(status_code=401)
    body = await request.body()
    try:
        update = json.loads(body)
        update_id = int(update.pop("update_id"))
        kind, event = next(iter(update.items()))
        chat = event["chat"]["id"]
    except (ValueError, KeyError, TypeError, StopIteration):
        return Response(status_code=400)
    now = datetime.now(timezone.utc)
    await request.app.state.pool.execute(
        INSERT, tenant, bot_uuid, now.date(), update_id, kind, f"chat:{chat}", chat, None, body.decode()
    )
    return Response(b"{}", media_type="application/json")
