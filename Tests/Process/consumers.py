"""Consumers as an owner makes them by the API."""

from contextlib import contextmanager

from api import Caller, ok


@contextmanager
def push_consumer(rookery, url: str, **settings):
    """One of the demo bot's, while the block lasts: its owner, and what making it answered."""
    owner = Caller(rookery.api, rookery.api_key)
    made = ok(owner.post(f"/v1/bots/{rookery.bot['id']}/consumers", {"type": "push", "url": url} | settings))
    try:
        yield owner, made
    finally:
        ok(owner.delete(f"/v1/consumers/{made['id']}"))
