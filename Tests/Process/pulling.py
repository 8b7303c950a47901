"""Programs that pull from one consumer, each of any node, and do not always acknowledge what they get."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from cluster import Cluster, Door

PULLERS, LIMIT = 3, 20
VISIBILITY = 3.0
# Short, since what is handed out is out from some moment between the question and the answer.
WAIT = .5

FORGOTTEN, CUT_OFF, LATE, IN_PART = (
    "not acknowledged", "acknowledgement cut off", "acknowledged too late", "acknowledged in part")


@dataclass(eq=False)
class Handout:
    """What one answer gave. Times are before the question and after the answer."""
    positions: list[int]
    asked: float
    came: float
    ack_sent: float | None = None
    # When it was known that all of it was acknowledged.
    acknowledged: float | None = None
    # What did not go as it should.
    flaw: str | None = None


@dataclass
class Pulling:
    consumer: str
    handouts: list[Handout] = field(default_factory=list)
    # Of pulls, without a word of what they gave.
    answers_cut_off: int = 0
    fails_by_chance: bool = True
    name: str = "pulled"

    async def run(self, cluster: Cluster, key: str, seed: int) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(PULLERS):
                group.create_task(self._pull(Door(cluster, key, number), random.Random(f"{seed}/puller {number}")))

    async def _pull(self, door: Door, chance: random.Random) -> None:
        path = f"/v1/consumers/{self.consumer}"
        try:
            while True:
                asked = time.time()
                status, answer = await door.ask("POST", f"{path}/pull", {"limit": LIMIT, "wait_ms": int(WAIT * 1000)})
                if status == 0:
                    self.answers_cut_off += 1
                    continue
                assert status == 200, answer
                if answer["data"]:
                    handout = Handout([one["position"] for one in answer["data"]], asked, time.time())
                    self.handouts.append(handout)
                    await self._work(handout, door, f"{path}/ack", chance)
        finally:
            await door.close()

    async def _work(self, handout: Handout, door: Door, path: str, chance: random.Random) -> None:
        draw = chance.random() if self.fails_by_chance else 1
        if draw < .04:
            handout.flaw = FORGOTTEN
            return
        if draw < .06:
            handout.flaw = LATE
            await asyncio.sleep(VISIBILITY + chance.random())
        else:
            await asyncio.sleep(chance.choice((0, 0, .02, .1)))
        handout.ack_sent = time.time()
        status, answer = await door.ask("POST", path, {"positions": handout.positions})
        if status == 0:
            handout.flaw = CUT_OFF
            return
        assert status == 200, answer
        if answer["acknowledged"] == len(handout.positions):
            handout.acknowledged = time.time()
        else:
            # What somebody else had meanwhile, or what PostgreSQL no longer knew.
            handout.flaw = handout.flaw or IN_PART
