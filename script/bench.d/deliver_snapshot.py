"""The sustained maximum while another transaction on the database holds its snapshot and a transaction number, as a
dump or a forgotten session does, so that nothing written since can be cleaned away.
"""

import argparse
import asyncio

import asyncpg

from load import percentile
from measure import mark
from processor import Processor, said
from report import Report
from setting import Setting

DEAD = """SELECT format('%s %s dead rows, %s', relname, n_dead_tup, pg_size_pretty(pg_total_relation_size(relid)))
          FROM pg_stat_user_tables WHERE n_dead_tup > 0 ORDER BY n_dead_tup DESC LIMIT 5"""


def snapshot(options: argparse.Namespace) -> Report:
    before, held = options.around, 600 if options.full else options.hold
    first = options.warm_up
    opened, closed, over = first + before, first + before + held, first + 2 * before + held
    report = Report(f"Rate while a transaction holds its snapshot for {held:g} s",
                    ["", "seconds", "updates/s", "answered p99 ms", "delivered p99 ms"])
    with Setting("snapshot") as setting:
        setting.start()
        setting.traffic.start(setting.targets, setting.node.port, window=options.window, seconds=over,
                              connections=options.maximum_connections)
        setting.traffic.wait_until(first)
        processor = Processor(Rookery=setting.process.pid, load=setting.traffic.pid)
        setting.traffic.wait_until(opened)
        dead = asyncio.run(_hold(setting, closed))
        setting.traffic.wait_until(over)
        shares = processor.shares()
        result = setting.traffic.finish(60)
        memory = setting.memory.stop()
    rates = {}
    third = held / 3
    for name, since, until in (("before", first, opened), ("held, first third", opened, opened + third),
                               ("held, second third", opened + third, closed - third),
                               ("held, last third", closed - third, closed), ("after", closed, over)):
        rates[name] = result.delivered_rate(since, until)
        report.row(name, f"{until - since:g}", rates[name], percentile(result.answered_ms(since, until), .99),
                   percentile(result.delivered_ms(since, until), .99))
    fall = 100 * (1 - rates["held, last third"] / rates["before"]) if rates["before"] else float("nan")
    report.marks.append(mark("fall of the rate from before to the last third, %", fall, 5))
    report.notes += [f"Peak {memory:.0f} MiB; cores: {said(shares)}. At the end of the hold: {'; '.join(dead)}."]
    report.notes += result.notes("Rookery")
    report.faults += result.faults("snapshot") + setting.faults
    return report


async def _hold(setting: Setting, until: float) -> list[str]:
    """Begins a transaction and ends it at that moment of the run. Gives the tables with the most dead rows then."""
    holder, other = await asyncpg.connect(setting.url), await asyncpg.connect(setting.url)
    try:
        async with holder.transaction(isolation="repeatable_read"):
            await holder.fetch("SELECT txid_current(), count(*) FROM consumer_cursor")
            await asyncio.to_thread(setting.traffic.wait_until, until)
            dead = [row[0] for row in await other.fetch(DEAD)]
        return dead
    finally:
        await holder.close()
        await other.close()
