"""The reckoning for a pull consumer: what was handed out, in what order, and whether it had to be once more.

Each of the program's acts is known to lie between a question and its answer. So something is called wrong only where
it was, whichever moment in between it was: an update that was out until its acknowledgement was asked for, or else for
as long as the consumer's visibility lasts.
"""

from collections.abc import Iterable

from crash_ledger import Logged, Outcome
from disturbance import UNWRITTEN, Disturbance, Stalls
from pulling import LIMIT, PULLERS, VISIBILITY, Handout


def reckon(handouts: list[Handout], logged: list[Logged], rows: dict[int, str],
           disturbances: list[Disturbance], stalls: Stalls) -> Outcome:
    """logged: what the consumer asked for. rows: the status of its delivery rows, by position."""
    kills = [it for it in disturbances if it.cause == "kill of postgres"]
    outcome = Outcome(wanted=len(logged))
    given: dict[int, list[Handout]] = {}
    for handout in sorted(handouts, key=lambda it: it.came):
        for position in handout.positions:
            given.setdefault(position, []).append(handout)
    unknown = set(given) - {update.position for update in logged}
    outcome.unexplained += [f"{position} is not in the log, or not asked for" for position in unknown]
    forgotten: dict[Disturbance, int] = {}
    for update in logged:
        times = given.get(update.position, [])
        if any(handout.ack_sent for handout in times):
            outcome.delivered += 1
        elif rows.get(update.position) == "expired":
            outcome.expired += 1
        else:
            outcome.lost.append(update.position)
        for first, second in zip(times, times[1:]):
            _judge(outcome, update.position, first, second, times, _forgetting(first, kills, stalls), forgotten)
    for kill, count in forgotten.items():
        # Each puller had one answer at work.
        if count > LIMIT * PULLERS:
            outcome.unexplained.append(f"{count} were handed out again for the {kill.cause} at {kill.start:.3f}")
    for lane in {update.lane for update in logged}:
        positions = [update.position for update in logged if update.lane == lane]
        _check_order(outcome, lane, positions, given)
        _check_lane(outcome, lane, positions, given, kills, stalls)
    return outcome


def _forgetting(handout: Handout, kills: Iterable[Disturbance], stalls: Stalls) -> Disturbance | None:
    """The end of PostgreSQL that may have taken what was known of it: its commit does not wait for the disk."""
    for kill in kills:
        slack = 2 * stalls.around(kill.start)
        if handout.asked - slack <= kill.start <= handout.came + UNWRITTEN["postgres"] + slack:
            return kill
    return None


def _judge(outcome: Outcome, position: int, first: Handout, second: Handout, all_times: list[Handout],
           kill: Disturbance | None, forgotten: dict[Disturbance, int]) -> None:
    # Answers may overtake each other.
    is_visible = any(later.came >= earlier.asked + VISIBILITY for earlier, later in ((first, second), (second, first)))
    was_settled = any(it.acknowledged is not None and it.acknowledged < second.asked for it in all_times)
    if was_settled or not (is_visible or kill):
        outcome.duplicates["unexplained"] += 1
        outcome.unexplained.append(
            f"{position} was given at {first.came:.3f} ({first.flaw}) and again at {second.came:.3f}"
            + (", though it was acknowledged" if was_settled else ""))
    elif is_visible:
        # Without a flaw it was the machine that took too long.
        outcome.duplicates[first.flaw or "acknowledged too late"] += 1
    else:
        outcome.duplicates[kill.cause] += 1
        forgotten[kill] = forgotten.get(kill, 0) + 1


def _check_order(outcome: Outcome, lane: str, positions: list[int], given: dict[int, list[Handout]]) -> None:
    """Of first times, as logged."""
    latest = 0.0
    for position in positions:
        if position in given:
            first = given[position][0]
            if first.came < latest:
                outcome.reordered.append(f"{position} was given before one that is before it in {lane}")
            latest = max(latest, min(it.asked for it in given[position]))


def _check_lane(outcome: Outcome, lane: str, positions: list[int], given: dict[int, list[Handout]],
                kills: list[Disturbance], stalls: Stalls) -> None:
    """Nothing of a lane is given while something of it is out."""
    of_lane: dict[Handout, list[int]] = {}
    for position in positions:
        for handout in given.get(position, ()):
            of_lane.setdefault(handout, []).append(position)
    in_turn = sorted(of_lane, key=lambda it: it.came)
    for index, one in enumerate(in_turn):
        if one.positions != sorted(one.positions):
            outcome.reordered.append(f"{one.positions} were given in that order")
        # Whoever had it before may acknowledge it, too.
        acks = [min((it.ack_sent or float("inf") for it in given[position])) for position in of_lane[one]]
        out_until = min(one.asked + VISIBILITY, max(acks))
        for other in in_turn[index + 1:]:
            if other.came >= out_until:
                break
            if other.asked > one.came and not _forgetting(one, kills, stalls):
                outcome.overlapping.append(
                    f"{of_lane[other]} of {lane} were given at {other.came:.3f}, while {of_lane[one]} were out, asked "
                    f"for at {one.asked:.3f}, given at {one.came:.3f}, {one.flaw or 'acknowledged'} at {one.ack_sent}")
