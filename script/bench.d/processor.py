"""Who used the machine's processors during a run: Rookery, PostgreSQL, the load's own program, anything else."""

import os
import pathlib
import time

from measure import family

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


class Processor:
    """Counts from its making to `shares`. Names and the processes whose families count under them."""

    def __init__(self, **roots: int):
        self._roots = {"PostgreSQL": int(os.environ["BENCH_POSTGRES_PID"])} | roots
        self._since = time.monotonic()
        self._before = {name: used(pid) for name, pid in self._roots.items()}
        self._all_before = all_used()

    def shares(self) -> dict[str, float]:
        """Cores that each kept busy; `else` is what ran on the machine beside."""
        seconds = time.monotonic() - self._since
        found = {name: max(0.0, used(pid) - self._before[name]) / seconds for name, pid in self._roots.items()}
        busy = (all_used() - self._all_before) / seconds
        return found | {"else": max(0.0, busy - sum(found.values()))}


def said(shares: dict[str, float]) -> str:
    """`Rookery 0.61, PostgreSQL 0.52, load 0.10, else 0.05 of 2 cores`."""
    return ", ".join(f"{name} {share:.2f}" for name, share in shares.items()) + f" of {CORES} cores"


def used(pid: int) -> float:
    """Processor seconds of a process, its children, and those of them that have ended."""
    total = 0
    for member in family(pid):
        try:
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICK


def all_used() -> float:
    """Processor seconds of the whole machine: all but idle and waiting for disks."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    return sum(int(field) for place, field in enumerate(fields) if place not in (3, 4)) / TICK
