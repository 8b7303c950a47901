"""Somebody who decides about dead heads that hold their lanes, and whether the lanes waited for it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster import Cluster, Door
from crash_ledger import Logged, Outcome
from faults import FREEZES
from flaky_receiver import Arrival

# A node that was frozen with a request carries it out when it wakes.
CARRIED_OUT = FREEZES[-1][1] + 5


@dataclass
class Warden:
    consumer: str
    # When each was first asked to be skipped, by position, and how often each was tried again.
    skips: dict[int, float] = field(default_factory=dict)
    retries: dict[int, int] = field(default_factory=dict)
    # When a try was last left without an answer, by position.
    unanswered: dict[int, float] = field(default_factory=dict)
    now: Callable[[], float] = time.time

    async def run(self, cluster: Cluster, key: str, seed: int) -> None:
        """Until it is cancelled."""
        door = Door(cluster, key)
        try:
            while True:
                for delivery in await self._parked(door):
                    await self.decide(delivery, door, seed)
                await asyncio.sleep(1)
        finally:
            await door.close()

    async def _parked(self, door: Door) -> list[dict]:
        """Of what has died, that for which nothing was decided yet."""
        found, cursor = [], ""
        while True:
            status, page = await door.ask(
                "GET", f"/v1/consumers/{self.consumer}/deliveries?status=dead&limit=200{cursor}")
            if status == 0:
                return []
            assert status == 200, page
            found += [delivery for delivery in page["data"] if delivery["holds_lane"]]
            if not page["has_more"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def decide(self, delivery: dict, door: Door, seed: int) -> None:
        position = delivery["position"]
        tried = self.retries.get(position, 0)
        draw = random.Random(f"{seed}/warden/{position}/{tried}").random()
        # Poison in all that is left opens the breaker: what is tried for ever then takes a minute each time.
        if position not in self.skips and tried < 2 and draw < .6:
            status, answer = await door.ask("POST", f"/v1/deliveries/{delivery['id']}/retry")
            self.retries[position] = tried + 1
            if status == 0:
                self.unanswered[position] = self.now()
            # What has gone stale cannot be tried again; what is not there any more has been delivered.
            if status != 409:
                assert status in (0, 200, 404), answer
                return
            assert answer["code"] == "deadline_passed", answer
        if self.now() < self.unanswered.get(position, 0.0) + CARRIED_OUT:
            # Tried again after it was skipped, it would come behind what had waited for it.
            return
        self.skips.setdefault(position, self.now())
        status, answer = await door.ask("POST", f"/v1/deliveries/{delivery['id']}/skip")
        assert status in (0, 200, 404) or answer["code"] == "not_parked", answer


def check(outcome: Outcome, logged: list[Logged], arrivals: list[Arrival], rows: dict[int, str],
          skips: dict[int, float]) -> None:
    """Of a lane nothing comes before all that is before it was taken, skipped or stale."""
    came: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        came.setdefault(arrival.position, []).append(arrival)
    settled: dict[str, tuple[float, int]] = {}
    for update in logged:
        at, before = settled.get(update.lane, (0.0, 0))
        for arrival in came.get(update.position, ()):
            if arrival.start < at:
                outcome.reordered.append(f"{update.position} came before {before} was decided upon in {update.lane}")
        if rows.get(update.position) != "expired":
            ends = [it.end for it in came.get(update.position, ()) if it.answer == "ok"]
            ends += [skips[update.position]] if update.position in skips else []
            settled[update.lane] = max((at, before), (min(ends, default=float("inf")), update.position))
    outcome.unexplained += [f"{position} is dead, though nobody skipped it"
                            for position, status in rows.items() if status == "dead" and position not in skips]
