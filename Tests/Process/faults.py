"""What goes wrong in the crash test, and when: drawn from a seed, so that it can be drawn again."""

import random
from dataclasses import dataclass

# Longer than a lease: another node takes over what the frozen one holds.
FREEZES = ((0.5, 5), (11, 16))


@dataclass(frozen=True)
class Fault:
    at: float
    seconds: float
    target: str
    kind: str

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.target:<12} {self.kind:<8} for {self.seconds:.1f} s"


def plan(seed: int, seconds: float, nodes: int, receivers: list[str]) -> list[Fault]:
    """Each target's faults come one after the other; those of different targets fall together as chance has it."""
    faults: list[Fault] = []

    def draw(target: str, kinds: dict[str, tuple[float, float]], weights: list[int],
             first: tuple[float, float], pause: tuple[float, float]) -> None:
        chance = random.Random(f"{seed}/{target}")
        at = chance.uniform(*first)
        while True:
            kind = chance.choices(list(kinds), weights)[0]
            length = chance.uniform(*kinds[kind])
            if at + length > seconds:
                return
            faults.append(Fault(at, length, target, kind.split()[0]))
            at += length + chance.uniform(*pause)

    node_faults = {"kill": (0.3, 4), "freeze": FREEZES[0], "freeze long": FREEZES[1], "stop": (0, 3)}
    for number in range(nodes):
        draw(f"node {number}", node_faults, [4, 2, 2, 2], (4, 15), (5, 14))
    draw("postgres", {"kill": (0.1, 4), "restart": (0.1, 2)}, [3, 1], (12, 25), (15, 30))
    for name in receivers:
        kinds = dict.fromkeys(["hang", "refuse", "500", "503", "429", "drop"], (1, 6))
        draw(name, kinds, [1] * len(kinds), (3, 20), (6, 25))
    return sorted(faults, key=lambda fault: fault.at)
