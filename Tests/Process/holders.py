"""Which node held which shard, and when, as the crash test sees it in the database from outside."""

import asyncio
import bisect
import time
import uuid

import psycopg

import database
import typeid

# A node makes its id when it starts, or a moment later: longer where the machine stalls.
STARTING = 15.0
INTERVAL = .2


def shard_of(bot: str) -> int:
    return typeid.decode(bot).bytes[15] % 64


class Holders:
    def __init__(self, url: str):
        self._url = url
        self._connection: psycopg.Connection | None = None
        self._starts: list[tuple[float, int]] = []
        # When, and each shard's node then, by shard.
        self._times: list[float] = []
        self._seen: list[dict[int, uuid.UUID]] = []
        self._nodes: set[uuid.UUID] = set()

    def started(self, number: int, at: float) -> None:
        """To be said just before a node is."""
        self._starts.append((at, number))

    def saw(self, seen: dict[int, uuid.UUID], at: float) -> None:
        """seen: the node of each shard that has one."""
        self._times.append(at)
        self._seen.append(seen)
        self._nodes.update(seen.values())

    async def watch(self) -> None:
        """Until it is cancelled. While PostgreSQL is away nobody takes anything."""
        while True:
            seen = await asyncio.to_thread(self._look)
            if seen is not None:
                self.saw(seen, time.time())
            await asyncio.sleep(INTERVAL)

    def _look(self) -> dict[int, uuid.UUID] | None:
        try:
            if self._connection is None:
                self._connection = database.connected(self._url)
                self._connection.autocommit = True
            return dict(self._connection.execute("SELECT id, node_id FROM shard WHERE node_id IS NOT NULL").fetchall())
        except psycopg.Error:
            self.close()
            return None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def of(self, shard: int, since: float, until: float) -> set[int]:
        """The numbers of the nodes that may have held it in between."""
        # One look more at each side: it may have changed hands just before or after.
        first = max(0, bisect.bisect_left(self._times, since) - 1)
        last = bisect.bisect_right(self._times, until) + 1
        nodes = {seen[shard] for seen in self._seen[first:last] if shard in seen}
        numbers = self._numbers()
        return {number for node in nodes for number in numbers[node]}

    def _numbers(self) -> dict[uuid.UUID, set[int]]:
        """Which nodes these may be: as a rule one, but two that began at once cannot be told apart."""
        numbers: dict[uuid.UUID, set[int]] = {}
        known: set[tuple[float, int]] = set()
        # A UUID of version 7 begins with its time in milliseconds.
        for node in sorted(self._nodes, key=lambda node: node.int):
            made = (node.int >> 80) / 1000 + .001
            last = {(at, number) for number, at in {number: at for at, number in self._starts if at <= made}.items()}
            starts = {start for start in last - known if start[0] > made - STARTING}
            if len(starts) == 1:
                known |= starts
            numbers[node] = {number for _, number in starts or last}
        return numbers
