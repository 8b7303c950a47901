"""Three nodes and a PostgreSQL under load, while everything fails that can: nothing is lost, nothing out of order.

ROOKERY_CRASH_SECONDS says for how long (120), ROOKERY_CRASH_SEED with which faults (by chance), ROOKERY_CRASH_RATE
how many updates a second are aimed at (150).

Updates go to push consumers with and without order, to one that parks what is dead, and to several pullers of one
consumer; a part of the log is replayed meanwhile.
"""

import asyncio
import faulthandler
import os
import random
import secrets
import time

import crash_consumers
import crash_ledger
import database
import faults
import parking
import pull_ledger
import rookery as rookeries
import sandbox as sandboxes
from audience import SHORT_LIVED, Audience
from cluster import Cluster, Ports
from crash_consumers import CONCURRENCY, PULLED_BOT, REPLAYED, Consumer
from crash_ledger import Circumstances, Logged, Outcome
from disturbance import GRACE, Stalls
from flaky_receiver import FlakyReceiver
from holders import shard_of
from parking import Warden
from pulling import VISIBILITY, Pulling
from replaying import Replaying
from rookery import Rookery

SECONDS = float(os.environ.get("ROOKERY_CRASH_SECONDS", "120"))
SEED = int(os.environ.get("ROOKERY_CRASH_SEED") or secrets.randbelow(1 << 32))
RATE = float(os.environ.get("ROOKERY_CRASH_RATE", "150"))
NODES, BOTS = 3, 6
# For what is left when everything works again: a breaker waits up to a minute, and stale questions take half of one.
SETTLING = 240
# Of the load, before the replay begins: the faults go on for as long as it takes.
BEFORE_REPLAY = .35


def test_nothing_is_lost_or_out_of_order_whatever_is_killed(capsys):
    # It is meant to take longer than what pytest takes for hanging.
    faulthandler.cancel_dump_traceback_later()
    with rookeries.data_folder() as folder:
        with sandboxes.alone(folder.parent, "--speed", "4") as sandbox:
            run = CrashRun(folder, sandbox)
            try:
                asyncio.run(run.run())
            finally:
                run.end()
                with capsys.disabled():
                    print(f"\n{run.report()}")
            run.check()


class CrashRun:
    def __init__(self, folder, sandbox: sandboxes.Sandbox):
        ports = Ports(random.Random(f"{SEED}/run"))
        self._rookery = Rookery(folder, {"ROOKERY_TELEGRAM_API_URL": sandbox.url})
        try:
            data = next(folder.rglob("postmaster.pid")).parent
            self._bots = [database.create_bot(self._rookery, self._rookery.tenant_id) for _ in range(BOTS)]
            self._consumers = crash_consumers.make(self._rookery, self._bots, SEED, ports)
            self._pulling = Pulling(database.create_pull_consumer(
                self._rookery, self._bots[PULLED_BOT], visibility_ms=int(VISIBILITY * 1000)))
        finally:
            # From here on it is only known by its database.
            self._rookery.process.end()
        self._cluster = Cluster(self._rookery, data, [ports.next() for _ in range(NODES)])
        self._wardens = {it.name: Warden(it.id) for it in self._consumers if it.parks}
        self._replaying = Replaying(next(it for it in self._consumers if it.name == REPLAYED))
        self._told = [sandbox.create_bot() for _ in self._bots]
        self._audiences = [Audience(bot, SEED, number, RATE / BOTS) for number, bot in enumerate(self._told)]
        self._plan = faults.plan(SEED, SECONDS, NODES, list(self._receivers))
        self._stalls = Stalls()
        self._outcomes: dict[str, Outcome] = {}
        self._logs: dict[str, list[Logged]] = {}
        self._accepted, self._settled_after = 0, 0.0

    @property
    def _receivers(self) -> dict[str, FlakyReceiver]:
        return {consumer.name: consumer.receiver for consumer in self._consumers}

    # MARK: The run

    async def run(self) -> None:
        await self._cluster.start()
        for consumer in self._consumers:
            await consumer.receiver.open()
        for number, (told, bot) in enumerate(zip(self._told, self._bots)):
            answer = told.call(
                "setWebhook", url=f"{self._cluster.api(number)}/telegram/webhook/{bot.id}",
                secret_token=bot.secrets[0], allowed_updates=["message", "callback_query", "inline_query"])
            assert answer.json()["ok"], answer.text
        async with asyncio.TaskGroup() as group:
            # What goes on until all is settled.
            key = self._rookery.api_key
            background = [group.create_task(it) for it in (
                self._watch(), self._cluster.holders.watch(), self._replay(key),
                self._pulling.run(self._cluster, key, SEED),
                *(warden.run(self._cluster, key, SEED) for warden in self._wardens.values()))]
            async with asyncio.TaskGroup() as load:
                began = asyncio.get_running_loop().time()
                for target in {fault.target for fault in self._plan}:
                    load.create_task(self._break(target, began))
                for audience in self._audiences:
                    load.create_task(audience.write(SECONDS))
            for consumer in self._consumers:
                consumer.receiver.heal()
            self._pulling.fails_by_chance = False
            await self._settle()
            for task in background:
                task.cancel()

    async def _watch(self) -> None:
        """Notes when the machine stands still."""
        while True:
            before = time.time()
            await asyncio.sleep(.05)
            if (length := time.time() - before - .05) > .1:
                self._stalls.seen.append((before, length))

    async def _replay(self, key: str) -> None:
        await asyncio.sleep(SECONDS * BEFORE_REPLAY)
        await self._replaying.run(self._cluster, key, lambda: self._log(self._replaying.source.bot))

    async def _break(self, target: str, began: float) -> None:
        for fault in [fault for fault in self._plan if fault.target == target]:
            await asyncio.sleep(max(0.0, began + fault.at - asyncio.get_running_loop().time()))
            if target in self._receivers:
                await self._receivers[target].suffer(fault.kind, fault.seconds)
            else:
                await self._cluster.suffer(fault)

    # MARK: The end

    async def _settle(self) -> None:
        """Until nothing is pending and every consumer has come to the end of what it wants, or for long enough."""
        began = at_end_since = time.monotonic()
        while time.monotonic() - began < SETTLING:
            await asyncio.sleep(1)
            states = await asyncio.to_thread(lambda: [bot.state() for bot in self._told])
            if any(state["pending"]["total"] for state in states):
                continue
            if not await asyncio.to_thread(self._is_at_end):
                at_end_since = time.monotonic()
            elif not any(outcome.lost for outcome in self._reckon().values()):
                break
            elif time.monotonic() - at_end_since > 20:
                # It will not come any more.
                break
        # What would come once more comes now.
        await asyncio.sleep(3)
        self._settled_after = time.monotonic() - began
        states = await asyncio.to_thread(lambda: [bot.state() for bot in self._told])
        self._accepted = sum(state["deliveries"] for state in states)
        await asyncio.to_thread(self._reckon)

    def _is_at_end(self) -> bool:
        """As the consumers themselves see it."""
        return self._replaying.ended is not None and all(
            database.is_at_end(self._rookery, consumer)
            for consumer in [self._pulling.consumer, *(it.id for it in self._consumers)])

    def _log(self, bot: database.Bot) -> list[Logged]:
        return [Logged(*row) for row in database.logged_in_order(self._rookery, bot.id)]

    def _reckon(self) -> dict[str, Outcome]:
        self._logs = {bot.id: self._log(bot) for bot in self._bots}
        for consumer in self._consumers:
            wanted = [row for row in self._logs[consumer.bot.id] if consumer.wants(row.kind)]
            arrivals = [it for it in consumer.receiver.arrivals if not it.is_replay]
            rows = database.delivery_rows(self._rookery, consumer.id)
            outcome = self._outcomes[consumer.name] = crash_ledger.reckon(
                arrivals, wanted, rows, consumer.keeps_lanes, self._circumstances(consumer, consumer.id))
            if consumer.parks:
                parking.check(outcome, wanted, arrivals, rows, self._wardens[consumer.name].skips)
        if self._replaying.id is not None:
            source, replay = self._replaying.source, self._replaying.id
            self._outcomes[self._replaying.name] = crash_ledger.reckon(
                self._replaying.arrivals, self._replaying.wanted(self._logs[source.bot.id]),
                database.delivery_rows(self._rookery, replay), True, self._circumstances(source, replay))
        self._outcomes[self._pulling.name] = pull_ledger.reckon(
            self._pulling.handouts, self._logs[self._bots[PULLED_BOT].id],
            database.delivery_rows(self._rookery, self._pulling.consumer), self._cluster.disturbances, self._stalls)
        return self._outcomes

    def _circumstances(self, consumer: Consumer, id: str) -> Circumstances:
        """id: its own, or of a replay of it."""
        shard = shard_of(consumer.bot.id)

        def concerns(it) -> bool:
            return it.what == "postgres" or it.number in self._cluster.holders.of(
                shard, it.start - GRACE, it.start + GRACE)

        return Circumstances(
            CONCURRENCY, [it for it in self._cluster.disturbances if concerns(it)], consumer.receiver.hang_ups,
            database.unanswered_attempts(self._rookery, id), self._stalls)

    def end(self) -> None:
        self._cluster.end()

    # MARK: What came of it

    def report(self) -> str:
        counts = {}
        for fault in self._plan:
            key = f"{fault.kind} {fault.target.split()[0] if fault.target not in self._receivers else 'receiver'}"
            counts[key] = counts.get(key, 0) + 1
        stalls = [length for _, length in self._stalls.seen]
        skipped, retried = (sum(len(heads) for heads in every) for every in zip(
            *((it.skips, it.retries) for it in self._wardens.values())))
        return "\n".join([
            f"crash test: seed {SEED} (ROOKERY_CRASH_SEED), {SECONDS:.0f} s of load, "
            f"settled {self._settled_after:.0f} s later, longest stall of the machine {max(stalls, default=0):.1f} s",
            "faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())),
            f"pulls cut off: {self._pulling.answers_cut_off}; parked heads tried again: {retried}, skipped: {skipped}",
            crash_ledger.table(self._outcomes, self._accepted)])

    def check(self) -> None:
        for number, (bot, audience) in enumerate(zip(self._bots, self._audiences)):
            rows = self._logs[bot.id]
            for kind, written in audience.written.items():
                logged = [row.update_id for row in rows if row.kind == kind]
                assert len(logged) == len(set(logged)), f"bot {number}: an update is logged twice"
                if kind in SHORT_LIVED:
                    assert set(logged) <= set(written)
                else:
                    assert set(logged) == set(written), f"bot {number}: {set(written) ^ set(logged)} of {kind}"
            for lane in {row.lane for row in rows}:
                ids = [row.update_id for row in rows if row.lane == lane]
                assert ids == sorted(ids), f"bot {number}: {lane} is logged out of order"
        assert 0 < self._accepted <= sum(map(len, self._logs.values())), "updates answered with 200 are not in the log"
        for name, outcome in self._outcomes.items():
            assert not outcome.lost, f"{name}: lost {outcome.lost[:20]}"
            assert not outcome.reordered, f"{name}: {outcome.reordered[:20]}"
            assert not outcome.overlapping, f"{name}: {outcome.overlapping[:20]}"
            assert not outcome.unexplained, f"{name}: {outcome.unexplained[:20]}"
            assert outcome.delivered > 0, f"{name} got nothing"
        ended = self._replaying.ended
        assert ended is not None, "the replay has not ended"
        assert ended["total"] == ended["delivered"] + ended["dead"] + ended["expired"], ended
