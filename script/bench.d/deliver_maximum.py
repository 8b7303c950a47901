"""The most that is delivered, from the webhook to the receiver, for as long as one likes: the load keeps a fixed
number of updates between sent and delivered, so that nothing piles up and neither end waits for the other.

The peer's settings are tried one after the other, and its best counts.
"""

import argparse
from dataclasses import dataclass

from load import Result
from measure import mark
from peer_setting import VARIANTS, PeerSetting
from processor import Processor, said
from report import Report, milliseconds
from setting import Setting


@dataclass
class Sustained:
    """Rookery's, which other parts compare with."""

    rate: float


def maximum(options: argparse.Namespace) -> tuple[Report, Sustained]:
    report = Report("Sustained maximum", ["", "updates/s", "answered p50 ms", "p99 ms", "delivered p50 ms", "p99 ms",
                                          "max ms", "MiB", "cores"])
    own = _rookery(report, options)
    best = 0.0
    for variant in VARIANTS:
        best = max(best, _peer(report, options, variant))
    report.marks += [mark("Rookery's rate over the peer's best", own.rate / best if best else 0, 8, at_least=True),
                     mark("Rookery's rate", own.rate, 6000, at_least=True)]
    report.notes.append(f"At most {options.window:,} updates between sent and delivered, so the times of this table say "
                        "how long such a queue is, not how fast one update is.")
    return report, own


def sustained(options: argparse.Namespace) -> Sustained:
    """For a part that runs without this one."""
    return _rookery(Report("Sustained rate", []), options)


def _plan(options: argparse.Namespace, seconds: float) -> dict:
    return {"window": options.window, "seconds": options.warm_up + seconds,
            "connections": options.maximum_connections}


def _rookery(report: Report, options: argparse.Namespace) -> Sustained:
    with Setting(f"maximum_{len(report.head)}") as setting:
        setting.start()
        setting.traffic.start(setting.targets, setting.node.port, **_plan(options, options.seconds))
        setting.traffic.wait_until(options.warm_up)
        processor = Processor(Rookery=setting.process.pid, load=setting.traffic.pid)
        setting.traffic.wait_until(options.warm_up + options.seconds)
        shares = processor.shares()
        result = setting.traffic.finish(60)
        memory = setting.memory.stop()
    rate = _row(report, "Rookery", result, options.warm_up, options.seconds, memory, said(shares))
    report.notes += result.notes("Rookery")
    report.faults += result.faults("Rookery") + setting.faults
    return Sustained(rate)


def _peer(report: Report, options: argparse.Namespace, variant: dict) -> float:
    with PeerSetting(variant) as peer:
        peer.start()
        peer.traffic.start(peer.targets, peer.port, **_plan(options, options.peer_seconds))
        peer.traffic.wait_until(options.warm_up)
        processor = Processor(**peer.roots, load=peer.traffic.pid)
        peer.traffic.wait_until(options.warm_up + options.peer_seconds)
        shares, memory = processor.shares(), peer.memory()
        # What is still in its queue is not waited for.
        result = peer.traffic.finish(0.5)
    if result.counts["refused"] + result.counts["broken"]:
        report.notes.append(f"{peer.name}: {result.counts['refused']} refused, {result.counts['broken']} broken")
    return _row(report, peer.name, result, options.warm_up, options.peer_seconds, memory, said(shares))


def _row(report: Report, name: str, result: Result, warm_up: float, seconds: float, memory: float,
         shares: str) -> float:
    rate = result.delivered_rate(warm_up, warm_up + seconds)
    report.row(name, rate, *milliseconds(result, warm_up), memory, shares)
    return rate
