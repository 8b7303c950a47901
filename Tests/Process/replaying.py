"""A replay that is started while everything fails, and what has to come of it."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone

import psycopg

from cluster import Cluster, Door
from crash_consumers import Consumer
from crash_ledger import Logged
from flaky_receiver import Arrival

PER_SECOND = 30
# Those that have no deadline: nobody wants the others once more.
REPLAYED_KINDS = {"message"}


@dataclass
class Replaying:
    source: Consumer
    id: str | None = None
    # As the API shows it when it has ended.
    ended: dict | None = None
    _range: tuple[float, float] = (0, 0)
    # What was in the log when it was asked for.
    _known: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        return f"{self.source.name} again"

    @property
    def arrivals(self) -> list[Arrival]:
        return [arrival for arrival in self.source.receiver.arrivals if arrival.is_replay]

    async def run(self, cluster: Cluster, key: str, log) -> None:
        """Starts it, of the time until now, and returns when it has ended.

        log: reads the bot's log.
        """
        until, rows = time.time(), None
        while rows is None:
            try:
                rows = await asyncio.to_thread(log)
            except psycopg.OperationalError:
                # PostgreSQL is away.
                await asyncio.sleep(.2)
        # Not all of the log: where it begins and where it ends are part of what is asked for.
        self._range = (rows[0].received_at + 5, until)
        self._known = {row.position for row in rows}
        door, body = Door(cluster, key), {
            "from": _text(self._range[0]), "to": _text(self._range[1]), "per_second": PER_SECOND}
        token = secrets.token_hex(16)
        try:
            while self.ended is None:
                if self.id is None:
                    status, answer = await door.ask(
                        "POST", f"/v1/consumers/{self.source.id}/replay", body, **{"Idempotency-Key": token})
                    # A node that is frozen may be at it.
                    assert status in (0, 202) or answer["code"] == "idempotency_in_progress", answer
                    self.id = answer.get("id")
                else:
                    status, answer = await door.ask("GET", f"/v1/replays/{self.id}")
                    assert status in (0, 200), answer
                    if answer.get("status") == "finished":
                        self.ended = answer
                await asyncio.sleep(.5)
        finally:
            await door.close()

    def wanted(self, rows: list[Logged]) -> list[Logged]:
        """What had to come of it. What an update's request brought late may have come."""
        came = {arrival.position for arrival in self.arrivals}
        return [row for row in rows if self._range[0] <= row.received_at < self._range[1]
                and row.kind in REPLAYED_KINDS and (row.position in self._known or row.position in came)]


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
