"""What the benches measure with: wrk, pgbench, the memory of a process tree, a table in Markdown."""

import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

HERE = pathlib.Path(__file__).parent
THREADS = 2


@dataclass
class Result:
    """One measured run. `count` is what came back as done: 200s, or rows that pgbench committed."""

    count: int
    seconds: float
    p50_ms: float
    p99_ms: float
    faults: int = 0

    @property
    def rate(self) -> float:
        return self.count / self.seconds


class Measured:
    """The runs of one setting: medians, and the most memory that one took."""

    def __init__(self) -> None:
        self._runs: list[tuple[Result, float]] = []

    def add(self, result: Result, memory: float) -> None:
        self._runs.append((result, memory))

    def _median(self, name: str) -> float:
        return statistics.median(getattr(result, name) for result, _ in self._runs)

    @property
    def rate(self) -> float:
        return self._median("rate")

    @property
    def p50_ms(self) -> float:
        return self._median("p50_ms")

    @property
    def p99_ms(self) -> float:
        return self._median("p99_ms")

    @property
    def memory(self) -> float:
        return max(memory for _, memory in self._runs)


def wrk(port: int, targets: pathlib.Path, connections: int, seconds: int, first_id: int) -> Result:
    """Runs wrk with update.lua. Update ids are first_id … first_id + 20,000,000."""
    return run_wrk(port, "update.lua", connections, seconds, str(targets), str(first_id))


def run_wrk(port: int, script: str, connections: int, seconds: int, *arguments: str) -> Result:
    """Runs wrk with a script of this folder, which ends with report.lua's `done`."""
    command = ["wrk", "-t", str(THREADS), "-c", str(connections), "-d", f"{seconds}s", "--latency",
               "-s", str(HERE / script), f"http://127.0.0.1:{port}", "--", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60,
                            env=os.environ | {"WRK_REPORT": str(HERE / "report.lua")})
    said = json.loads(answer.stdout.strip().splitlines()[-1])
    return Result(said["requests"] - said["refused"], said["seconds"], said["p50_ms"], said["p99_ms"],
                  said["refused"] + said["broken"])


def pgbench(binaries: str, url: str, script: str, rows: int, clients: int, seconds: int, payload: str) -> Result:
    """Runs a pgbench script with prepared statements; latencies from a tenth of the transactions."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "script.sql")
        file.write_text(script)
        command = [f"{binaries}/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(THREADS),
                   "-T", str(seconds), "-f", str(file), "-D", f"payload={payload}",
                   "-l", "--sampling-rate=0.1", f"--log-prefix={folder}/log", url]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60)
        taken = sorted(int(line.split()[2]) for log in pathlib.Path(folder).glob("log.*")
                       for line in log.read_text().splitlines())
    transactions = int(re.search(r"actually processed: (\d+)", answer.stdout).group(1))
    tps = float(re.search(r"tps = ([0-9.]+)", answer.stdout).group(1))
    return Result(transactions * rows, transactions / tps, taken[len(taken) // 2] / 1e3,
                  taken[int(len(taken) * 0.99)] / 1e3)


class Memory:
    """Samples the resident memory of a process and its children until stopped; `peak` is in MiB."""

    def __init__(self, pid: int):
        self.peak = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self.peak

    def _sample(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(resident, family(self._pid))) / 1024)
            if self._ended.wait(0.1):
                return


def family(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        for children in pathlib.Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members += map(int, children.read_text().split())
            except OSError:
                pass
    return members


def resident(pid: int) -> int:
    """VmRSS in KiB; 0 for a process that has gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found.group(1)) if found else 0


def wait_for(url: str, process: subprocess.Popen, statuses: range, seconds: float = 60) -> None:
    """Asks until the answer's status is one of those; fails when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        if status in statuses:
            return
        time.sleep(0.1)
    raise SystemExit(f"{process.args[0]} did not answer at {url} within {seconds:.0f} s")


def end(process: subprocess.Popen) -> int:
    """SIGTERM, and SIGKILL when it has not ended after 40 s."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; every column but the first is set to the right."""
    ruler = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ruler, *rows])


def mark(title: str, value: float, limit: float, at_least: bool = False) -> list[str]:
    """A row of what the project asks of itself: measured, asked, met."""
    met = value >= limit if at_least else value < limit
    return [title, f"{value:.2f}", f"{'at least' if at_least else 'under'} {limit:g}", "yes" if met else "NO"]
