"""script/bench deliver: the way of updates from Telegram to the bots' servers, in five parts.

    latency      how soon updates are answered and delivered at 2,000 a second, over 10,000 chats and 100 bots
    maximum      the sustained maximum, beside FastAPI with Celery and Redis
    snapshot     that maximum while a transaction holds its snapshot open
    backlog      how fast 1,000,000 updates for one consumer are worked off
    neighbours   what 100 consumers notice of one that hangs

Nothing may be lost, refused or out of order within a chat in any of them.
"""

import argparse
import sys

from deliver_backlog import backlog
from deliver_latency import latency
from deliver_maximum import maximum
from deliver_neighbours import neighbours
from deliver_snapshot import snapshot
from report import Report, machine

PARTS = ("latency", "maximum", "snapshot", "backlog", "neighbours")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench deliver", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("parts", nargs="*", metavar="part", help=f"which of {', '.join(PARTS)} (default all, about 10 minutes)")
    add("--rate", type=int, default=2000, help="updates a second of latency and neighbours (default 2000)")
    add("--seconds", type=float, default=20, help="length of the runs of latency and maximum (default 20)")
    add("--warm-up", type=float, default=4, help="seconds before each run (default 4)")
    add("--connections", type=int, default=100, help="of the load at a fixed rate (default 100)")
    add("--maximum-connections", type=int, default=128, help="of the load at the maximum (default 128)")
    add("--window", type=int, default=2000, help="updates between sent and delivered at the maximum (default 2000)")
    add("--peer-seconds", type=float, default=8, help="length of the run of each of the peer's settings (default 8)")
    add("--hold", type=float, default=60, help="seconds the snapshot is held (default 60)")
    add("--full", action="store_true", help="hold the snapshot for 10 minutes")
    add("--around", type=float, default=20, help="seconds before and after the hold (default 20)")
    add("--backlog", type=int, default=1_000_000, help="updates of the backlog (default 1000000)")
    add("--drain-limit", type=float, default=600, help="seconds the backlog may take (default 600)")
    add("--rounds", type=int, default=3, help="runs of each kind of neighbours (default 3)")
    add("--neighbour-seconds", type=float, default=8, help="length of these (default 8)")
    chosen = parser.parse_args()
    if wrong := set(chosen.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(wrong))}")
    return chosen


def main() -> int:
    chosen = options()
    wanted = chosen.parts or PARTS
    reports: list[Report] = []
    known = None
    print(machine(), flush=True)
    for part in (part for part in PARTS if part in wanted):
        print(f"{part}", file=sys.stderr)
        match part:
            case "latency": report = latency(chosen)
            case "maximum": report, known = maximum(chosen)
            case "snapshot": report = snapshot(chosen)
            case "backlog": report = backlog(chosen, known)
            case "neighbours": report = neighbours(chosen)
        reports.append(report)
        print("", report.text(), sep="\n", flush=True)
    missed = [row[0] for report in reports for row in report.marks if row[-1] != "yes"]
    faults = [fault for report in reports for fault in report.faults]
    if missed or faults:
        print("", "Not met: " + ("; ".join(missed + faults)), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
