"""How fast one consumer works off a backlog, and in how much memory.

The backlog is put into the log while no node runs, as if the consumer had been paused; then the node starts.
"""

import argparse
import time

from deliver_maximum import Sustained, sustained
from measure import mark
from processor import Processor, said
from report import Report
from setting import Setting, add_backlog


def backlog(options: argparse.Namespace, known: Sustained | None) -> Report:
    known = known or sustained(options)
    count = options.backlog
    report = Report(f"A backlog of {count:,} updates for one consumer",
                    ["", "updates/s", "seconds", "again", "peak MiB", "cores"])
    with Setting("backlog", bots=1, tenants=1) as setting:
        setting.run(lambda database: add_backlog(database, setting.bots[0], count))
        setting.traffic.start(expected=count)
        setting.start()
        processor = Processor(Rookery=setting.process.pid, load=setting.traffic.pid)
        deadline = time.monotonic() + options.drain_limit
        while setting.traffic.is_running() and time.monotonic() < deadline:
            time.sleep(0.2)
        shares = processor.shares()
        result = setting.traffic.finish(0.1)
        memory = setting.memory.stop()
    first, last = result.arrivals
    rate = result.counts["delivered"] / (last - first) if last > first else 0
    report.row("backlog", rate, last - first, result.counts["again"], memory, said(shares))
    report.row("sustained, 100 consumers", known.rate, "", "", "", "")
    report.marks += [mark("rate over the sustained one", rate / known.rate, 0.8, at_least=True),
                     mark("peak memory, MiB", memory, 150)]
    report.faults += result.faults("backlog") + setting.faults
    if missing := count - result.counts["delivered"]:
        report.faults.append(f"backlog: {missing} not delivered within {options.drain_limit} s")
    return report
