"""Three nodes and a PostgreSQL under load, while everything fails that can: nothing is lost, nothing out of order.

ROOKERY_CRASH_SECONDS says for how long (120), ROOKERY_CRASH_SEED with which faults (by chance), ROOKERY_CRASH_RATE
how many updates a second are aimed at (150).
"""

import asyncio
import faulthandler
import os
import random
import secrets
import signal
import socket
import time
from dataclasses import dataclass

import crash_ledger
import database
import faults
import rookery as rookeries
import sandbox as sandboxes
from audience import SHORT_LIVED, Audience
from crash_ledger import Disturbance, Logged, Outcome, Stalls
from flaky_receiver import FlakyReceiver
from postgres import Postgres
from rookery import Node, Rookery

SECONDS = float(os.environ.get("ROOKERY_CRASH_SECONDS", "120"))
SEED = int(os.environ.get("ROOKERY_CRASH_SEED") or secrets.randbelow(1 << 32))
RATE = float(os.environ.get("ROOKERY_CRASH_RATE", "150"))
NODES, BOTS = 3, 6
# For what is left when everything works again: a breaker waits up to a minute, and stale questions take half of one.
SETTLING = 240
CONCURRENCY = 10

SHORT = {"retry_schedule_ms": [100, 300, 700]}
LONG = {"retry_schedule_ms": [50, 200, 500] + [1000] * 5 + [2000] * 20}


@dataclass
class Consumer:
    id: str
    bot: database.Bot
    receiver: FlakyReceiver
    options: dict

    @property
    def keeps_lanes(self) -> bool:
        return self.options.get("ordering") != "none"

    def wants(self, kind: str) -> bool:
        return kind in self.options.get("kinds", [kind])


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
        self._chance = random.Random(f"{SEED}/run")
        self._ports = set()
        self._rookery = Rookery(folder, {"ROOKERY_TELEGRAM_API_URL": sandbox.url})
        try:
            data = next(folder.rglob("postmaster.pid")).parent
            self._bots = [database.create_bot(self._rookery, self._rookery.tenant_id) for _ in range(BOTS)]
            self._consumers = self._make_consumers()
        finally:
            # From here on it is only known by its database.
            self._rookery.process.end()
        self._postgres = Postgres(data, self._rookery.database_owner_url)
        self._nodes: list[Node | None] = [None] * NODES
        self._node_ports = [self._port() for _ in range(NODES)]
        self._told = [sandbox.create_bot() for _ in self._bots]
        self._audiences = [Audience(bot, SEED, number, RATE / BOTS) for number, bot in enumerate(self._told)]
        self._plan = faults.plan(SEED, SECONDS, NODES, list(self._receivers))
        self._disturbances: list[Disturbance] = []
        self._stalls = Stalls()
        self._outcomes: dict[str, Outcome] = {}
        self._logs: dict[str, list[Logged]] = {}
        self._accepted, self._settled_after = 0, 0.0

    @property
    def _receivers(self) -> dict[str, FlakyReceiver]:
        return {consumer.receiver.name: consumer.receiver for consumer in self._consumers}

    def _make_consumers(self) -> list[Consumer]:
        made: list[Consumer] = []
        for bot, (name, options) in (
            (0, ("patient", LONG)), (0, ("hasty", SHORT)),
            (1, ("patient", LONG)), (1, ("messages", LONG | {"kinds": ["message"]})),
            (2, ("unordered", LONG | {"ordering": "none"})), (3, ("hasty", SHORT)),
            (4, ("patient", LONG)), (5, ("hasty", SHORT)),
        ):
            # With few attempts what is poison dies; with many it is taken in the end, unless it goes stale before.
            cures_after = None if options is SHORT else 4
            receiver = FlakyReceiver(f"{name} {bot}", SEED, self._port(), cures_after)
            options = options | {"timeout_ms": 2000, "concurrency": CONCURRENCY}
            consumer = database.create_consumer(self._rookery, receiver.url, self._bots[bot], **options)
            made.append(Consumer(consumer, self._bots[bot], receiver, options))
        return made

    def _port(self) -> int:
        """Below those from which outgoing connections take theirs: it is to be free again and again."""
        while True:
            port = random.randrange(20_000, 32_000)
            if port in self._ports:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            self._ports.add(port)
            return port

    # MARK: The run

    async def run(self) -> None:
        self._postgres.start()
        await asyncio.gather(*(self._start_node(number) for number in range(NODES)))
        for consumer in self._consumers:
            await consumer.receiver.open()
        for number, (told, bot) in enumerate(zip(self._told, self._bots)):
            url = f"http://127.0.0.1:{self._node_ports[number % NODES]}/telegram/webhook/{bot.id}"
            answer = told.call("setWebhook", url=url, secret_token=bot.secrets[0], allowed_updates=[
                "message", "callback_query", "inline_query"])
            assert answer.json()["ok"], answer.text
        watching = asyncio.create_task(self._watch())
        async with asyncio.TaskGroup() as group:
            began = asyncio.get_running_loop().time()
            for target in {fault.target for fault in self._plan}:
                group.create_task(self._break(target, began))
            for audience in self._audiences:
                group.create_task(audience.write(SECONDS))
        for consumer in self._consumers:
            consumer.receiver.heal()
        await self._settle()
        watching.cancel()

    async def _watch(self) -> None:
        """Notes when the machine stands still, and that no node ends by itself."""
        while True:
            before = time.time()
            await asyncio.sleep(.05)
            if (length := time.time() - before - .05) > .1:
                self._stalls.seen.append((before, length))

    async def _break(self, target: str, began: float) -> None:
        for fault in [fault for fault in self._plan if fault.target == target]:
            await asyncio.sleep(max(0.0, began + fault.at - asyncio.get_running_loop().time()))
            start = time.time()
            if target in self._receivers:
                await self._break_receiver(self._receivers[target], fault)
                continue
            # Known at once: it explains what happens while it lasts.
            disturbance = Disturbance(fault, start, float("inf"))
            if fault.kind != "stop":
                self._disturbances.append(disturbance)
            await (self._break_postgres(fault) if target == "postgres" else self._break_node(fault))
            disturbance.end = time.time()

    async def _break_receiver(self, receiver: FlakyReceiver, fault: faults.Fault) -> None:
        if fault.kind == "refuse":
            receiver.refuse()
        else:
            receiver.mode = fault.kind
        await asyncio.sleep(fault.seconds)
        receiver.mode = None
        await receiver.open()

    async def _break_postgres(self, fault: faults.Fault) -> None:
        await asyncio.to_thread(self._postgres.kill if fault.kind == "kill" else self._postgres.stop)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(self._postgres.start)

    async def _break_node(self, fault: faults.Fault) -> None:
        number = int(fault.target.split()[1])
        process = self._nodes[number].process
        assert process.is_running(), f"{fault.target} ended by itself\n{process.tail()}"
        if fault.kind == "freeze":
            process.signal(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            process.signal(signal.SIGCONT)
            return
        if fault.kind == "kill":
            process.signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, 20)
        else:
            process.signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0, process.tail()
        await asyncio.sleep(fault.seconds)
        await self._start_node(number)

    async def _start_node(self, number: int) -> None:
        # Not awaited until it is ready: PostgreSQL may be away.
        self._nodes[number] = await asyncio.to_thread(
            Node, self._rookery, self._node_ports[number], awaits_ready=False)

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
        return all(database.is_at_end(self._rookery, consumer.id) for consumer in self._consumers)

    def _reckon(self) -> dict[str, Outcome]:
        self._logs = {bot.id: database.logged_in_order(self._rookery, bot.id) for bot in self._bots}
        for consumer in self._consumers:
            wanted = [Logged(*row) for row in self._logs[consumer.bot.id] if consumer.wants(row[2])]
            self._outcomes[consumer.receiver.name] = crash_ledger.reckon(
                consumer.receiver, wanted, database.delivery_rows(self._rookery, consumer.id),
                database.unanswered_attempts(self._rookery, consumer.id), consumer.keeps_lanes,
                self._disturbances, self._stalls)
        return self._outcomes

    def end(self) -> None:
        for node in self._nodes:
            if node is not None:
                if node.process.is_running():
                    node.process.signal(signal.SIGCONT)
                node.process.end()
        self._postgres.end()

    # MARK: What came of it

    def report(self) -> str:
        counts = {}
        for fault in self._plan:
            key = f"{fault.kind} {fault.target.split()[0] if fault.target not in self._receivers else 'receiver'}"
            counts[key] = counts.get(key, 0) + 1
        stalls = [length for _, length in self._stalls.seen]
        return "\n".join([
            f"crash test: seed {SEED} (ROOKERY_CRASH_SEED), {SECONDS:.0f} s of load, "
            f"settled {self._settled_after:.0f} s later, longest stall of the machine {max(stalls, default=0):.1f} s",
            "faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())),
            crash_ledger.table(self._outcomes, self._accepted)])

    def check(self) -> None:
        for number, (bot, audience) in enumerate(zip(self._bots, self._audiences)):
            rows = [Logged(*row) for row in self._logs[bot.id]]
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
            # No more than it can have had under way each time.
            freezes = sum(it.fault.kind == "freeze" for it in self._disturbances)
            assert outcome.duplicates[crash_ledger.HELD_BACK] <= CONCURRENCY * freezes
