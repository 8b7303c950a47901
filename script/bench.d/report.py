"""What a part of `script/bench deliver` hands back, and how it is printed."""

import os
import sys
from dataclasses import dataclass, field

from load import Result, percentile
from measure import table


@dataclass
class Report:
    """`marks` are rows of `measure.mark`: what the project asks of itself. `faults` are what no run may show."""

    title: str
    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    marks: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def row(self, *cells: object) -> None:
        self.rows.append([f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in cells])
        print(f"  {self.title}: " + ", ".join(self.rows[-1]), file=sys.stderr)

    def text(self) -> str:
        parts = [f"## {self.title}", table(self.head, self.rows)]
        if self.marks:
            parts.append(table(["", "measured", "asked", "met"], self.marks))
        return "\n\n".join(parts + self.notes + [f"FAULT: {fault}" for fault in self.faults])


def milliseconds(result: Result, after: float, before: float = float("inf")) -> list[float]:
    """p50 and p99 to the answer, then p50, p99 and the longest to the arrival, of what was due in that time."""
    answered, delivered = result.answered_ms(after, before), result.delivered_ms(after, before)
    return [percentile(answered, .5), percentile(answered, .99), percentile(delivered, .5),
            percentile(delivered, .99), delivered[-1] if delivered else float("nan")]


def machine() -> str:
    """What shares what, so that nobody takes the figures for those of machines of their own."""
    return (f"One machine with {os.cpu_count()} cores, shared by all of it: PostgreSQL (fsync and synchronous_commit on, "
            "shared_buffers 512 MB), what is measured, and the load (one process of one thread, generator and "
            "receiver at once, over loopback). `cores` says how many each kept busy; `else` is whatever ran beside. "
            "Latencies count from the moment an update was due to be sent.")
