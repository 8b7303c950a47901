"""The peer of `script/bench deliver`: the way updates are usually handed on with FastAPI, Celery and Redis.

The webhook does what Rookery does for an update (the bot from memory, the secret in constant time, one INSERT) and
then queues a task with the update in it; the task signs and posts with httpx over a kept-alive connection, and is
tried again on failure. What it leaves out counts for it: it does not keep a chat's order, forgets an update when it
dies between commit and queue, writes down no attempts, and Redis keeps nothing on disk.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import time
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from uuid import UUID

import asyncpg
import httpx
from celery import Celery
from celery.signals import worker_process_init, worker_ready
from fastapi import FastAPI, Request, Response

INSERT = """
    INSERT INTO update_log (tenant_id, bot_id, day, update_id, kind, lane, chat_id, deadline, payload)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
"""
# By the bot's id: UUID and webhook secret.
BOTS = {name: (UUID(bot), secret.encode()) for name, bot, secret in json.loads(os.environ["PEER_BOTS"])}
TENANT = UUID(int=1)
RECEIVER = os.environ["PEER_RECEIVER"]
SIGNING_SECRET = b"a signing secret of thirty-two b"

celery = Celery("peer", broker=os.environ["PEER_REDIS"])
celery.conf.update(
    task_ignore_result=True, task_acks_late=True, worker_send_task_events=False, broker_pool_limit=32,
    task_serializer="json", accept_content=["json"], broker_connection_retry_on_startup=True,
    worker_disable_rate_limits=True)
client: httpx.Client | None = None


@worker_process_init.connect
def open_client(**_) -> None:
    global client
    client = httpx.Client(timeout=10, limits=httpx.Limits(max_connections=200, max_keepalive_connections=200))


@worker_ready.connect
def say_ready(**_) -> None:
    pathlib.Path(os.environ["PEER_READY"]).touch()


@celery.task(autoretry_for=(httpx.HTTPError,), retry_backoff=2, retry_jitter=True, max_retries=9)
def deliver(bot_id: str, update_id: int, body: str) -> None:
    if client is None:
        open_client()
    name, moment = f"{bot_id}-{update_id}", str(int(time.time()))
    signed = hmac.digest(SIGNING_SECRET, f"{name}.{moment}.{body}".encode(), hashlib.sha256)
    answer = client.post(RECEIVER, content=body, headers={
        "content-type": "application/json", "webhook-id": name, "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(signed).decode()})
    answer.raise_for_status()


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=16, max_size=16) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.post("/telegram/webhook/{bot_id}")
async def webhook(bot_id: str, request: Request) -> Response:
    bot = BOTS.get(bot_id)
    if bot is None:
        return Response(status_code=404)
    bot_uuid, secret = bot
    given = request.headers.get("x-telegram-bot-api-secret-token", "")
    if not hmac.compare_digest(given.encode(), secret):
        return Response(status_code=401)
    body = (await request.body()).decode()
    try:
        update = json.loads(body)
        update_id = int(update.pop("update_id"))
        kind, event = next(iter(update.items()))
        chat = event["chat"]["id"]
    except (ValueError, KeyError, TypeError, StopIteration):
        return Response(status_code=400)
    now = datetime.now(timezone.utc)
    stored = await request.app.state.pool.execute(
        INSERT, TENANT, bot_uuid, now.date(), update_id, kind, f"chat:{chat}", chat, None, body)
    if stored == "INSERT 0 1":
        deliver.delay(bot_id, update_id, body)
    return Response(b"{}", media_type="application/json")
