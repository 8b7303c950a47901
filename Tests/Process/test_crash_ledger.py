"""The reckoning of the crash test finds what is wrong, and takes nothing for wrong that had to be."""

import asyncio
import random
import uuid
from collections import Counter

import crash_ledger
import parking
import pull_ledger
from crash_ledger import Circumstances, Logged, Outcome
from disturbance import Disturbance, Stalls
from faults import Fault
from flaky_receiver import Arrival
from holders import Holders
from parking import CARRIED_OUT, Warden
from pulling import CUT_OFF, FORGOTTEN, LATE, VISIBILITY, Handout

LOG = [Logged(position, position, "message", "chat:1", 0.0) for position in (1, 2, 3)]


def arrival(position: int, start: float, answer: str | None = "ok", end: float | None = None) -> Arrival:
    return Arrival(position, 1, start, start + .01 if end is None else end, answer)


def disturbance(target: str, kind: str, start: float, end: float) -> Disturbance:
    return Disturbance(Fault(start, end - start, target, kind), start, end)


def reckon(arrivals: list[Arrival], disturbances=(), concurrency: int = 10, hang_ups=(), unanswered=None,
           rows=None, log=LOG) -> Outcome:
    return crash_ledger.reckon(arrivals, log, rows or {}, True, Circumstances(
        concurrency, list(disturbances), list(hang_ups), unanswered or {}, Stalls()))


def pulled(*handouts: Handout, rows=None, disturbances=()) -> Outcome:
    return pull_ledger.reckon(list(handouts), LOG, rows or {}, list(disturbances), Stalls())


def faultless(outcome: Outcome) -> bool:
    return not (outcome.lost or outcome.reordered or outcome.overlapping or outcome.unexplained)


def test_what_came_in_order_and_once_is_right():
    outcome = reckon([arrival(1, 10), arrival(2, 11), arrival(3, 12)])

    assert faultless(outcome) and (outcome.delivered, outcome.duplicates) == (3, Counter())


def test_what_is_neither_delivered_nor_dead_nor_expired_is_lost():
    outcome = reckon([arrival(1, 10), arrival(2, 11, "500")], rows={2: "retrying"})

    assert outcome.lost == [2, 3]


def test_an_update_that_overtakes_another_of_its_lane_is_found():
    assert reckon([arrival(2, 10), arrival(1, 11), arrival(3, 12)]).reordered
    assert reckon([arrival(1, 10, "500"), arrival(2, 11), arrival(1, 12), arrival(3, 13)]).reordered


def test_two_of_a_lane_under_way_at_once_are_found():
    assert reckon([arrival(1, 10, end=12), arrival(2, 11), arrival(3, 13)]).overlapping


def test_what_comes_twice_needs_an_event_of_its_own_consumer_at_its_time():
    twice = [arrival(1, 10), arrival(1, 20), arrival(2, 21), arrival(3, 22)]

    assert reckon(twice).unexplained
    assert reckon(twice, [disturbance("node 1", "kill", 15, 18)]).unexplained
    outcome = reckon(twice, [disturbance("node 1", "kill", 10.2, 12)])
    assert faultless(outcome) and outcome.duplicates == {"kill of node": 1}


def test_no_more_come_twice_for_one_event_than_were_under_way_or_not_written_down():
    log = [Logged(position, position, "message", f"chat:{position}", 0.0) for position in range(1, 6)]
    # Long under way, so that only the concurrency allows for them.
    twice = [arrival(row.position, start, end=end) for row in log for start, end in ((10, 11.6), (20, 20.1))]
    kill = disturbance("node 1", "kill", 10.8, 12)

    assert faultless(reckon(twice, [kill], concurrency=5, log=log))
    assert len(reckon(twice, [kill], concurrency=4, log=log).unexplained) == 1


def test_an_answer_that_the_program_did_not_see_needs_a_reason_too():
    twice = [arrival(1, 10), arrival(1, 20), arrival(2, 21), arrival(3, 22)]

    assert reckon(twice, unanswered={1: [10.0]}).unexplained
    assert faultless(reckon(twice, unanswered={1: [10.0]}, hang_ups=[10.05]))


def test_a_lane_that_does_not_wait_for_the_decision_upon_its_dead_head_is_found():
    def checked(arrivals: list[Arrival], skips: dict[int, float]) -> Outcome:
        outcome = Outcome()
        parking.check(outcome, LOG, arrivals, {1: "dead"}, skips)
        return outcome

    assert faultless(checked([arrival(1, 10, "500"), arrival(2, 16), arrival(3, 17)], {1: 15}))
    assert checked([arrival(1, 10, "500"), arrival(2, 14), arrival(3, 17)], {1: 15}).reordered
    assert checked([arrival(1, 10, "500"), arrival(2, 16), arrival(3, 17)], {}).unexplained


class Scripted:
    """A door that gives these answers, one after the other, and keeps what was asked."""

    def __init__(self, *answers: tuple[int, dict]):
        self._answers, self.asked = list(answers), []

    async def ask(self, method: str, path: str) -> tuple[int, dict]:
        self.asked.append(path.rpartition("/")[2])
        return self._answers.pop(0)


def seed_of(*tries_again: bool) -> int:
    """One with which the warden wants to try the head at 1 again, or does not, for as often as this says."""
    return next(seed for seed in range(1000) if all(
        (random.Random(f"{seed}/warden/1/{tried}").random() < .6) == wanted for tried, wanted in enumerate(tries_again)))


def test_what_a_frozen_node_may_still_try_again_is_not_skipped():
    warden, door = Warden("consumer_1"), Scripted((0, {}), (200, {}))

    asked = []
    for now in (100.0, 101.0, 99.0 + CARRIED_OUT, 101.0 + CARRIED_OUT):
        warden.now = lambda: now
        asyncio.run(warden.decide({"id": "delivery_1", "position": 1}, door, seed_of(True, False)))
        asked.append(list(door.asked))

    assert asked == [["retry"], ["retry"], ["retry"], ["retry", "skip"]]
    assert warden.skips == {1: 101.0 + CARRIED_OUT}


def test_what_a_frozen_node_may_still_try_again_is_tried_again():
    warden, door = Warden("consumer_1", now=lambda: 100.0), Scripted((0, {}), (200, {}))

    for _ in range(3):
        asyncio.run(warden.decide({"id": "delivery_1", "position": 1}, door, seed_of(True, True)))

    assert (door.asked, warden.skips) == (["retry", "retry"], {})


def test_a_head_that_is_not_there_any_more_has_been_decided_upon():
    for tries_again, expected in ((True, "retry"), (False, "skip")):
        door = Scripted((404, {"code": "not_found"}))

        asyncio.run(Warden("consumer_1").decide({"id": "delivery_1", "position": 1}, door, seed_of(tries_again)))

        assert door.asked == [expected]


def test_a_handout_that_was_acknowledged_or_is_out_is_not_given_again():
    def given(positions: list[int], at: float, flaw: str | None = None, acknowledged: bool = False) -> Handout:
        return Handout(positions, at, at + .1, None if flaw == FORGOTTEN else at + .2,
                       at + .3 if acknowledged else None, flaw)

    rest = given([2, 3], 30, acknowledged=True)
    assert faultless(pulled(given([1], 10, acknowledged=True), rest))
    assert pulled(given([1], 10, acknowledged=True), given([1], 20, acknowledged=True), rest).unexplained
    assert pulled(given([1], 10, CUT_OFF), given([1], 10 + VISIBILITY / 2, acknowledged=True), rest).unexplained
    outcome = pulled(given([1], 10, FORGOTTEN), given([1], 10 + VISIBILITY, acknowledged=True), rest)
    assert faultless(outcome) and outcome.duplicates == {FORGOTTEN: 1}
    kill = disturbance("postgres", "kill", 10.2, 11)
    assert faultless(pulled(given([1], 10, CUT_OFF), given([1], 11.5, acknowledged=True), rest, disturbances=[kill]))
    assert pulled(given([1], 10, FORGOTTEN), given([2, 3], 11, acknowledged=True)).overlapping
    late = Handout([1], 7, 7.1, 10.4, 10.5, LATE)
    assert faultless(pulled(late, given([1], 10.1, FORGOTTEN), given([2, 3], 11, acknowledged=True)))
    assert pulled(given([2, 3], 10, acknowledged=True), given([1], 20, acknowledged=True)).reordered
    assert pulled(given([1, 2], 10, acknowledged=True)).lost == [3]


def test_a_shard_is_held_by_whom_it_was_seen_with_before_in_and_after_a_time():
    def node(made: float) -> uuid.UUID:
        return uuid.UUID(int=int(made * 1000) << 80)

    holders = Holders("")
    for number, at in ((0, 100.0), (1, 103.0), (0, 120.0)):
        holders.started(number, at)
    for at, made in ((110.0, 100.1), (111.0, 100.1), (112.0, 103.2), (113.0, 103.2), (121.0, 120.1), (122.0, 120.1)):
        holders.saw({5: node(made)}, at)

    assert holders.of(5, 110.2, 110.8) == {0}
    assert holders.of(5, 111.2, 111.8) == {0, 1}
    assert holders.of(5, 112.2, 112.8) == {1}
    assert holders.of(5, 121.2, 123) == {0}
    assert holders.of(6, 110, 123) == set()


def test_two_nodes_of_which_one_took_long_to_start_are_not_taken_for_each_other():
    slow, quick = (uuid.UUID(int=int(made * 1000) << 80) for made in (107.0, 104.3))
    holders = Holders("")
    for number, at in ((0, 100.0), (1, 104.0)):
        holders.started(number, at)
    holders.saw({5: slow, 6: quick}, 110.0)

    assert 0 in holders.of(5, 109, 111)
    assert 1 in holders.of(6, 109, 111)
