"""What went wrong in the crash test, and which deliveries it may have to answer for.

A delivery comes twice when what was known of it is lost: it was under way when its node was killed or frozen, or it
was answered and not yet written down. Attempts are written every 100 ms (what cursors do not say yet, they do), in
commits that do not wait for the disk. `UNWRITTEN` is that with some air, and bounds how many may come twice; a single
one may be from `GRACE` around, since a slow disk holds the writing up. Both grow by as long as the machine was seen to
stand still.
"""

from dataclasses import dataclass, field

from faults import Fault
from flaky_receiver import Arrival

GRACE = 2.0
# PostgreSQL's own writer lets commits that do not wait be on disk after 0.6 s at the latest.
UNWRITTEN = {"node": .4, "postgres": 1.0}


@dataclass
class Stalls:
    """When this process, and so the machine, stood still, and for how long."""
    seen: list[tuple[float, float]] = field(default_factory=list)

    def around(self, time: float, within: float = 10) -> float:
        return max((length for at, length in self.seen if abs(at - time) < within + length), default=0)


@dataclass(eq=False)
class Disturbance:
    """A fault that did happen: from when to when."""
    fault: Fault
    start: float
    end: float

    @property
    def what(self) -> str:
        """node, postgres, or a receiver's name."""
        return "node" if self.fault.target.startswith("node ") else self.fault.target

    @property
    def number(self) -> int:
        """Of a node."""
        return int(self.fault.target.split()[1])

    @property
    def cause(self) -> str:
        return f"{self.fault.kind} of {self.what}"

    def explains(self, first: Arrival, stalls: Stalls) -> bool:
        """Whether this may have taken what was known of an arrival, or kept it from being known."""
        slack = 2 * stalls.around(self.start)
        # Without PostgreSQL nothing is written down all the while.
        end = self.end if self.what == "postgres" else self.start
        return (first.start <= end + GRACE + slack
                and (first.end or first.start) >= self.start - GRACE - slack)

    def held_back(self, first: Arrival, second: Arrival, stalls: Stalls) -> bool:
        """Whether a frozen node may have had the second under way all the while, and sent it when it woke."""
        grace = GRACE + 2 * stalls.around(self.end)
        return (self.fault.kind == "freeze" and self.start <= first.start <= self.end + grace
                and self.end <= second.start <= self.end + grace)

    def unwritten(self, taken: list[Arrival], stalls: Stalls) -> int:
        """How many of these answers nobody may have written down when it happened."""
        slack = 2 * stalls.around(self.start, within=1)
        since, until = self.start - UNWRITTEN[self.what] - slack, self.start + .2 + slack
        return sum(since <= arrival.end <= until for arrival in taken)
