"""The reckoning of the crash test: what became of every update, and whether what came twice was in flight.

An update came twice when the endpoint answered it with 200 twice. That may be what a fault took before it was written
down: it was under way, or settled within the moment that results wait for their commit, which is not fsynced, when a
node was killed or frozen or PostgreSQL was away. `GRACE` is that moment; it grows by as long as the machine was seen
to stall around it. It may also be that the answer came too late for the sender, which wrote down a failed attempt.
Anything else that came twice is a fault of the program.
"""

from collections import Counter
from dataclasses import dataclass, field

from faults import Fault
from flaky_receiver import Arrival, FlakyReceiver

GRACE = 2.0
HELD_BACK = "under way in a frozen node"


@dataclass
class Logged:
    position: int
    update_id: int
    kind: str
    lane: str


@dataclass
class Stalls:
    """When this process, and so the machine, stood still, and for how long."""
    seen: list[tuple[float, float]] = field(default_factory=list)

    def around(self, time: float) -> float:
        return max((length for at, length in self.seen if abs(at - time) < 10 + length), default=0)


@dataclass
class Disturbance:
    """A fault that did happen: from when to when."""
    fault: Fault
    start: float
    end: float

    def explains(self, first: Arrival, stalls: Stalls) -> bool:
        """Whether this may have taken what was known of an arrival, or kept it from being known."""
        grace = GRACE + 2 * stalls.around(self.start)
        # What a node had under way when it was stopped; without PostgreSQL nothing is written down all the while.
        end = self.end if self.fault.target == "postgres" else self.start
        return first.start <= end + grace and (first.end or first.start) >= self.start - grace

    def held_back(self, first: Arrival, second: Arrival, stalls: Stalls) -> bool:
        """Whether a frozen node may have had the second under way all the while, and sent it when it woke."""
        grace = GRACE + 2 * stalls.around(self.end)
        return (self.fault.kind == "freeze" and self.start <= first.start <= self.end + grace
                and self.end <= second.start <= self.end + grace)


@dataclass
class Outcome:
    """Of one consumer."""
    wanted: int = 0
    delivered: int = 0
    dead: int = 0
    expired: int = 0
    lost: list[int] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    overlapping: list[str] = field(default_factory=list)
    duplicates: Counter = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


def reckon(
    receiver: FlakyReceiver, logged: list[Logged], rows: dict[int, str], failed: dict[int, list[float]],
    keeps_lanes: bool, disturbances: list[Disturbance], stalls: Stalls
) -> Outcome:
    """
    logged: what the consumer asked for, in the order of the log.
    rows: status of the delivery rows left, by position.
    failed: when attempts began of which no answer was seen, by position.
    """
    outcome = Outcome(wanted=len(logged))
    by_position: dict[int, list[Arrival]] = {}
    for arrival in receiver.arrivals:
        by_position.setdefault(arrival.position, []).append(arrival)
    unknown = set(by_position) - {update.position for update in logged}
    outcome.unexplained += [f"{position} is not in the log, or not asked for" for position in unknown]
    for update in logged:
        taken = [arrival for arrival in by_position.get(update.position, ()) if arrival.answer == "ok"]
        status = rows.get(update.position)
        if taken:
            outcome.delivered += 1
        elif status == "dead":
            outcome.dead += 1
        elif status == "expired":
            outcome.expired += 1
        else:
            outcome.lost.append(update.position)
        for first, second in zip(taken, taken[1:]):
            _judge(outcome, first, second, failed.get(update.position, []), disturbances, stalls)
    if keeps_lanes:
        for lane in {update.lane for update in logged}:
            positions = [update.position for update in logged if update.lane == lane]
            _check_lane(outcome, lane, positions, by_position, disturbances, stalls)
    return outcome


def _judge(outcome: Outcome, first: Arrival, second: Arrival, failed: list[float],
           disturbances: list[Disturbance], stalls: Stalls) -> None:
    by = [it for it in disturbances if it.explains(first, stalls) and it.start - GRACE < second.start]
    if any(abs(at - first.start) < 1 + 2 * stalls.around(first.start) for at in failed):
        outcome.duplicates["answered too late"] += 1
    elif by:
        # The last before it came again is what made it come again.
        outcome.duplicates[f"{by[-1].fault.kind} of {by[-1].fault.target.split()[0]}"] += 1
    elif any(it.held_back(first, second, stalls) for it in disturbances):
        outcome.duplicates[HELD_BACK] += 1
    else:
        outcome.duplicates["unexplained"] += 1
        outcome.unexplained.append(f"{first.position} came at {first.start:.3f} (attempt {first.attempt}) "
                                   f"and again at {second.start:.3f} (attempt {second.attempt})")


def _check_lane(outcome: Outcome, lane: str, positions: list[int], arrivals: dict[int, list[Arrival]],
                disturbances: list[Disturbance], stalls: Stalls) -> None:
    came = [position for position in positions if position in arrivals]
    for what, firsts in (
        ("came", {position: arrivals[position][0].start for position in came}),
        ("was taken", {position: next((it.start for it in arrivals[position] if it.answer == "ok"), None)
                       for position in came}),
    ):
        known = [(position, at) for position, at in firsts.items() if at is not None]
        for (before, earlier), (after, later) in zip(known, known[1:]):
            if later < earlier:
                outcome.reordered.append(f"{after} {what} before {before} in {lane}")
    attempts = sorted((it for position in came for it in arrivals[position]), key=lambda it: it.start)
    for one, next_one in zip(attempts, attempts[1:]):
        over = (one.end or float("inf")) - next_one.start
        if over > .2 + stalls.around(next_one.start) and not any(
                it.explains(one, stalls) or it.held_back(one, next_one, stalls) for it in disturbances):
            outcome.overlapping.append(
                f"{next_one.position} came {over:.3f} s before {one.position} was answered in {lane}")


def table(outcomes: dict[str, Outcome], accepted: int) -> str:
    """Accepted counts updates; the rest counts what their consumers got of them."""
    heads = ["consumer", "wanted", "delivered", "duplicates", "dead", "expired", "lost", "reordered"]
    rows = [[name, it.wanted, it.delivered, it.duplicates.total(), it.dead, it.expired, len(it.lost), len(it.reordered)]
            for name, it in outcomes.items()]
    rows.append(["all", *(sum(column) for column in list(zip(*rows))[1:])])
    lines = [f"accepted (answered with 200): {accepted}",
             "  ".join(f"{head:>10}" for head in heads)]
    lines += ["  ".join(f"{cell:>10}" for cell in row) for row in rows]
    causes = sum((it.duplicates for it in outcomes.values()), Counter())
    lines.append("came twice, by cause: " + (", ".join(f"{cause} {count}" for cause, count in causes.most_common()) or "none"))
    return "\n".join(lines)
