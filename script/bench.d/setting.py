"""What `script/bench deliver` measures in: a database of its own, tenants with bots and a push consumer for each, a
node of Rookery, and the load. Every process ends with the setting, each by its own pid.
"""

import asyncio
import os
import subprocess
from contextlib import ExitStack

import asyncpg

from load import CHATS, FIRST_CHAT, FIRST_UPDATE, Traffic
from measure import Memory, end
from node import Bot, Node, add_bots, add_consumer, create_database, register

BOTS, TENANTS = 100, 10


class Setting:
    """Use with `with`. The node starts with `start`, so that there can be a backlog before."""

    def __init__(self, name: str, bots: int = BOTS, tenants: int = TENANTS):
        self.traffic = Traffic()
        self.url = asyncio.run(create_database(os.environ["BENCH_DATABASE_URL"], name))
        self.node = Node(self.url)
        self.bots: list[Bot] = asyncio.run(self._fill(bots, tenants))
        self.process: subprocess.Popen | None = None
        self.memory: Memory | None = None
        self.faults: list[str] = []
        self._closing = ExitStack()

    async def _fill(self, bots: int, tenants: int) -> list[Bot]:
        await self.node.prepare()
        database = await asyncpg.connect(self.url)
        try:
            made = []
            for number in range(tenants):
                first = await register(database, f"bench-{number}")
                made += [first, *await add_bots(database, first.tenant, bots // tenants - 1)]
            for bot in made:
                await add_consumer(database, bot, self.traffic.url)
            await database.execute("SELECT make_day_partitions(2)")
            await database.execute("ANALYZE")
            return made
        finally:
            await database.close()

    def run(self, work) -> object:
        """An async function of a connection to the database."""
        async def main():
            database = await asyncpg.connect(self.url)
            try:
                return await work(database)
            finally:
                await database.close()
        return asyncio.run(main())

    def start(self) -> None:
        self.run(lambda database: database.execute("CHECKPOINT"))
        self.process = self.node.start()
        self.memory = Memory(self.process.pid)

    @property
    def targets(self) -> list[tuple[str, str]]:
        return [(bot.path, bot.secret) for bot in self.bots]

    def on_exit(self, action, *arguments) -> None:
        self._closing.callback(action, *arguments)

    def __enter__(self) -> "Setting":
        self._closing.callback(self._end_node)
        self._closing.callback(self.traffic.stop)
        return self

    def __exit__(self, *error) -> None:
        self._closing.close()

    def _end_node(self) -> None:
        if self.process is None:
            return
        self.memory.stop()
        is_dead = self.process.poll() is not None
        status = self.process.returncode if is_dead else end(self.process)
        if is_dead or status != 0:
            self.faults.append(f"the node ended with {status}{' by itself' if is_dead else ' after SIGTERM'}")


async def add_backlog(database: asyncpg.Connection, bot: Bot, count: int) -> None:
    """Puts updates into a bot's log as the node would have: 573 bytes each, over the load's chats, now."""
    text = "I would like to book the morning class on Tuesday, please. " * 8
    update = ('{"update_id":%1$s,"message":{"message_id":%2$s,"from":{"id":%3$s,"is_bot":false,"first_name":'
              '"Katharina","language_code":"de"},"chat":{"id":%3$s,"first_name":"Katharina","type":"private"},'
              '"date":1700000000,"text":"n%4$s %5$s"}}')
    await database.execute(
        f"""
        INSERT INTO update_log (tenant_id, bot_id, day, position, update_id, kind, lane, chat_id, received_at, payload)
        SELECT $1, $2, (now() AT TIME ZONE 'UTC')::date, nextval('update_log_position'), {FIRST_UPDATE} + n, 'message',
            'chat:' || chat, chat, now(), format($3, {FIRST_UPDATE} + n, n + 1, chat, n, left($4, 345))::json
        FROM generate_series(0::bigint, $5 - 1) AS n, LATERAL (SELECT {FIRST_CHAT} + n % {CHATS} AS chat) AS chosen
        """, bot.tenant, bot.id, update, text, count)
    await database.execute("ANALYZE update_log")
