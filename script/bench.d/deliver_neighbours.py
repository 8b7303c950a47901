"""What 100 healthy consumers notice of one whose server hangs, at a fixed rate that waits for nobody.

Runs without, with a server that never answers (so that every request lasts until its time-out, 10 s), and with one
that answers just before a time-out of 2 s (so that no breaker ever relieves it) take turns, each on a node and a
database of its own. The hanging consumer is another tenant's and has a backlog, so it always has something to send.
"""

import argparse
import subprocess
import sys

from load import Result, percentile
from measure import HERE, end, mark
from node import add_consumer, free_port, register
from report import Report
from setting import Setting, add_backlog

# Its time-out in milliseconds, and after how many seconds its server answers; 0: never.
KINDS = {"none hangs": None, "one hangs until its time-out": (10_000, 0), "one answers just before it": (2_000, 1.8)}


def neighbours(options: argparse.Namespace) -> Report:
    report = Report(f"100 healthy consumers at {options.rate:,} updates/s beside one that hangs",
                    ["", "updates", "answered p99 ms", "delivered p50 ms", "p99 ms", "p99 of each run",
                     "requests that hung"])
    answered = {kind: [] for kind in KINDS}
    delivered = {kind: [] for kind in KINDS}
    runs = {kind: [] for kind in KINDS}
    hung = {kind: 0 for kind in KINDS}
    for number in range(options.rounds):
        for kind in KINDS:
            result, requests, faults = _run(options, f"neighbours_{number}_{list(KINDS).index(kind)}", kind)
            hung[kind] += requests
            times = result.delivered_ms(options.warm_up)
            answered[kind] += result.answered_ms(options.warm_up)
            delivered[kind] += times
            runs[kind].append(percentile(times, .99))
            report.faults += result.faults(kind) + faults
    for kind, times in delivered.items():
        times.sort()
        report.row(kind, len(times), percentile(sorted(answered[kind]), .99), percentile(times, .5),
                   percentile(times, .99), " ".join(f"{p99:.1f}" for p99 in runs[kind]), hung[kind])
    alone, *others = KINDS
    for kind in others:
        moved = 100 * (percentile(delivered[kind], .99) / percentile(delivered[alone], .99) - 1)
        report.marks.append(mark(f"{kind}: the healthy ones' p99 moves by %", moved, 10))
    report.notes.append("The runs of one kind differ by chance; what they differ by is what the comparison cannot see.")
    return report


def _run(options: argparse.Namespace, name: str, kind: str) -> tuple[Result, int, list[str]]:
    server = None
    with Setting(name) as setting:
        if KINDS[kind] is not None:
            server = _add_hanging(setting, *KINDS[kind])
        setting.start()
        setting.traffic.start(setting.targets, setting.node.port, rate=options.rate, connections=options.connections,
                              seconds=options.warm_up + options.neighbour_seconds)
        result = setting.traffic.finish(options.warm_up + options.neighbour_seconds + 60)
    requests = int(server.stdout.read()) if server else 0
    faults = [f"{kind}: nothing came to the server that hangs"] if server and not requests else []
    return result, requests, faults + setting.faults


def _add_hanging(setting: Setting, timeout_ms: int, answers_after: float) -> subprocess.Popen:
    port = free_port()
    server = subprocess.Popen([sys.executable, str(HERE / "hanging.py"), str(port), str(answers_after)],
                              stdout=subprocess.PIPE)
    setting.on_exit(end, server)

    async def add(database) -> None:
        bot = await register(database, "hanging")
        await add_consumer(database, bot, f"http://127.0.0.1:{port}/")
        await database.execute("UPDATE consumer SET timeout_ms = $1 WHERE bot_id = $2", timeout_ms, bot.id)
        await add_backlog(database, bot, 10_000)

    setting.run(add)
    return server
