"""The reckoning of the crash test: what became of every update, and whether what came twice had to.

An update came twice when the endpoint answered it with 200 twice. That is the consumer's own affair: the node that
held its bot's shard was killed or frozen, PostgreSQL was away, or its own receiver hung up before its answer had left.
And of each such event no more may come twice than was under way then, which its concurrency bounds, or was answered
and not written down yet. Anything else that came twice is a fault of the program.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from disturbance import Disturbance, Stalls
from flaky_receiver import Arrival

HELD_BACK, HUNG_UP, STOOD_STILL = "under way in a frozen node", "hung up by its receiver", "answered too late"


@dataclass
class Logged:
    position: int
    update_id: int
    kind: str
    lane: str
    received_at: float


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


@dataclass
class Circumstances:
    """Of one consumer, or of one replay."""
    concurrency: int
    # PostgreSQL's, and those of the nodes that held its bot's shard.
    disturbances: list[Disturbance]
    # When its receiver hung up on whoever was connected.
    hang_ups: list[float]
    # When attempts began of which the program saw no answer, by position.
    unanswered: dict[int, list[float]]
    stalls: Stalls


def reckon(arrivals: list[Arrival], logged: list[Logged], rows: dict[int, str], keeps_lanes: bool,
           circumstances: Circumstances) -> Outcome:
    """
    logged: what the consumer asked for, in the order of the log.
    rows: status of the delivery rows left, by position.
    """
    outcome = Outcome(wanted=len(logged))
    by_position: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        by_position.setdefault(arrival.position, []).append(arrival)
    unknown = set(by_position) - {update.position for update in logged}
    outcome.unexplained += [f"{position} is not in the log, or not asked for" for position in unknown]
    repetitions: list[tuple[Arrival, Arrival]] = []
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
        repetitions += zip(taken, taken[1:])
    _judge(outcome, repetitions, [it for it in arrivals if it.answer == "ok"], circumstances)
    if keeps_lanes:
        for lane in {update.lane for update in logged}:
            positions = [update.position for update in logged if update.lane == lane]
            _check_lane(outcome, lane, positions, by_position, circumstances)
    return outcome


def _judge(outcome: Outcome, repetitions: Iterable[tuple[Arrival, Arrival]], taken: list[Arrival],
           of: Circumstances) -> None:
    stalls = of.stalls
    left = {it: of.concurrency + it.unwritten(taken, stalls) for it in of.disturbances}
    for first, second in sorted(repetitions, key=lambda pair: pair[0].start):
        may_be = [it for it in of.disturbances if it.start < second.start + .5 and it.explains(first, stalls)]
        held_back = [it for it in of.disturbances if it.held_back(first, second, stalls)]
        # The last before it came again is what made it come again, but for what it cannot have had.
        event = next((it for it in [*reversed(may_be), *held_back] if left[it] > 0), None)
        is_unanswered = any(abs(at - first.start) < 1 + 2 * stalls.around(first.start)
                            for at in of.unanswered.get(first.position, ()))
        if event is not None:
            left[event] -= 1
            cause = event.cause if event in may_be else HELD_BACK
        elif is_unanswered and any(abs(at - first.end) < .2 + stalls.around(at) for at in of.hang_ups):
            cause = HUNG_UP
        elif is_unanswered and stalls.around(first.start) > .5:
            cause = STOOD_STILL
        else:
            cause = "unexplained"
            why = f"more than {may_be[-1].cause} can have had" if may_be else \
                "unanswered for the program" if is_unanswered else "for no reason"
            outcome.unexplained.append(
                f"{first.position} came at {first.start:.3f} to {first.end:.3f} (attempt {first.attempt}) "
                f"and again at {second.start:.3f} (attempt {second.attempt}), {why}")
        outcome.duplicates[cause] += 1


def _check_lane(outcome: Outcome, lane: str, positions: list[int], arrivals: dict[int, list[Arrival]],
                of: Circumstances) -> None:
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
        if over > .2 + of.stalls.around(next_one.start) and not any(
                it.explains(one, of.stalls) or it.held_back(one, next_one, of.stalls) for it in of.disturbances):
            outcome.overlapping.append(
                f"{next_one.position} came {over:.3f} s before {one.position} was answered in {lane}")


def table(outcomes: dict[str, Outcome], accepted: int) -> str:
    """Accepted counts updates; the rest counts what their consumers got of them."""
    heads = ["consumer", "wanted", "delivered", "duplicates", "dead", "expired", "lost", "reordered"]
    rows = [[name, it.wanted, it.delivered, it.duplicates.total(), it.dead, it.expired, len(it.lost), len(it.reordered)]
            for name, it in outcomes.items()]
    rows.append(["all", *(sum(column) for column in list(zip(*rows))[1:])])
    lines = [f"accepted (answered with 200): {accepted}",
             "  ".join(f"{head:>11}" for head in heads) + "  came twice for"]
    causes = [it.duplicates for it in outcomes.values()]
    for row, of_row in zip(rows, [*causes, sum(causes, Counter())]):
        lines.append("  ".join(f"{cell:>11}" for cell in row) + "  "
                     + ", ".join(f"{cause} {count}" for cause, count in of_row.most_common()))
    return "\n".join(lines)
