"""The load of `script/bench deliver`: traffic/*.c, which is generator and receiver in one process, built on first use
and run with a plan; and what its records say.

Times are seconds of CLOCK_MONOTONIC, which is `time.monotonic()`.
"""

import array
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass

from measure import HERE, end
from node import ROOT, free_port

PROGRAM = ROOT / ".build/bench/traffic"
SOURCES = HERE / "traffic"
# As Telegram's webhooks: chats are spread over the bots, and each has its own.
CHATS = 10_000
FIRST_CHAT, FIRST_UPDATE = 1_000_000_001, 1_000_000_000


def build() -> None:
    changed = max(file.stat().st_mtime for file in SOURCES.iterdir())
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > changed:
        return
    compiler = shutil.which("clang") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("no C compiler found: needs clang (Swift brings it) or cc")
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(PROGRAM), *map(str, SOURCES.glob("*.c"))],
                   check=True, timeout=120)


@dataclass
class Result:
    """What a run brought. A record is (due, answered, delivered) in nanoseconds, 0 for what did not happen."""

    counts: dict[str, int]
    start: int
    _records: array.array

    def answered_ms(self, after: float, before: float = float("inf")) -> list[float]:
        """From when an update was due to its 200, of those due so many seconds from the start, in order of size."""
        return self._taken(1, after, before)

    def delivered_ms(self, after: float, before: float = float("inf")) -> list[float]:
        """From when an update was due to its arrival at the receiver."""
        return self._taken(2, after, before)

    def _taken(self, which: int, after: float, before: float) -> list[float]:
        first, last, records = self.start + after * 1e9, self.start + before * 1e9, self._records
        return sorted((records[place + which] - records[place]) / 1e6 for place in range(0, len(records), 3)
                      if records[place + which] and first <= records[place] < last)

    def delivered_rate(self, after: float, before: float) -> float:
        """Arrivals a second between two moments of the run."""
        first, last = self.start + after * 1e9, self.start + before * 1e9
        return sum(first <= at < last for at in self._records[2::3]) / (before - after)

    @property
    def arrivals(self) -> tuple[float, float]:
        """The first and the last, in seconds from the start."""
        came = [at for at in self._records[2::3] if at]
        return ((min(came) - self.start) / 1e9, (max(came) - self.start) / 1e9) if came else (0, 0)

    @property
    def lost(self) -> int:
        return self.counts["accepted"] - self.counts["delivered"] if self.counts["sent"] else 0

    def notes(self, name: str) -> list[str]:
        return [f"{name}: {self.counts['again']} delivered more than once"] if self.counts["again"] else []

    def faults(self, name: str) -> list[str]:
        """What no run may show, in words."""
        counts = self.counts
        said = {"lost": self.lost, "out of order within a chat": counts["reordered"],
                "refused": counts["refused"] + counts["broken"], "unknown arrivals": counts["unknown"]}
        return [f"{name}: {word} {number}" for word, number in said.items() if number]


class Traffic:
    """Generator and receiver. The receiver's port is known before anything runs."""

    def __init__(self):
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="rookery-bench-")
        self._records = pathlib.Path(self._folder.name, "records")
        self._process: subprocess.Popen | None = None
        self._start = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, targets: list[tuple[str, str]] = (), target: int = 0, **plan) -> None:
        """Begins at once. `targets` are paths and secrets of the bots; without any the program only receives.
        Else: rate or window, seconds, connections, form, accepted, expected (see traffic.h)."""
        build()
        file = pathlib.Path(self._folder.name, "targets")
        file.write_text("".join(f"{path} {secret or 'none'}\n" for path, secret in targets))
        words = {"chats": CHATS} | plan | {"listen": self.port, "target": target, "targets": file,
                                           "records": self._records}
        self._process = subprocess.Popen([str(PROGRAM), *(f"{name}={value}" for name, value in words.items())],
                                         stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the load's program ended with {self._process.wait(10)}")
        self._start = json.loads(line)["start"]

    def wait_until(self, seconds: float) -> None:
        """Until so long after the start."""
        time.sleep(max(0.0, self._start / 1e9 + seconds - time.monotonic()))

    def is_running(self) -> bool:
        return self._process.poll() is None

    def finish(self, seconds: float) -> Result:
        """Waits for what is on its way, at most so long; then what is missing is missing."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            end(self._process)
        counts = json.loads(self._process.stdout.read().strip().splitlines()[-1])
        records = array.array("q")
        with self._records.open("rb") as file:
            records.fromfile(file, self._records.stat().st_size // records.itemsize)
        self.stop()
        return Result(counts, self._start, records)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            end(self._process)
        self._folder.cleanup()


def percentile(values: list[float], share: float) -> float:
    """Of values in order of size."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")
