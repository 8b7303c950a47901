"""Several nodes on one PostgreSQL, which the crash test stops, kills, freezes and starts again, and any of them as the
door to the API."""

import asyncio
import json
import pathlib
import random
import signal
import socket
import time

import httpx

from disturbance import Disturbance
from faults import Fault
from holders import Holders
from postgres import Postgres
from rookery import Node, Rookery


class Ports:
    """Below those from which outgoing connections take theirs: each is to be free again and again."""

    def __init__(self, chance: random.Random):
        self._chance, self._given = chance, set()

    def next(self) -> int:
        while True:
            port = self._chance.randrange(20_000, 32_000)
            if port in self._given:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            self._given.add(port)
            return port


class Cluster:
    def __init__(self, rookery: Rookery, data: pathlib.Path, ports: list[int]):
        """rookery: one that has ended. data: the data directory of its PostgreSQL."""
        self._rookery, self._ports = rookery, ports
        self.postgres = Postgres(data, rookery.database_owner_url)
        self.holders = Holders(rookery.database_owner_url)
        # What could take deliveries with it; what does not is not noted.
        self.disturbances: list[Disturbance] = []
        self._nodes: list[Node | None] = [None] * len(ports)

    def api(self, number: int) -> str:
        return f"http://127.0.0.1:{self._ports[number % len(self._ports)]}"

    def __len__(self) -> int:
        return len(self._ports)

    async def start(self) -> None:
        self.postgres.start()
        for number in range(len(self)):
            # One after the other, so that it is known which is which.
            await self._start(number, awaits_ready=True)

    async def _start(self, number: int, awaits_ready: bool = False) -> None:
        """Not awaited until it is ready while PostgreSQL may be away."""
        self.holders.started(number, time.time())
        self._nodes[number] = await asyncio.to_thread(Node, self._rookery, self._ports[number], awaits_ready)

    async def suffer(self, fault: Fault) -> None:
        # Known at once: it explains what happens while it lasts.
        disturbance = Disturbance(fault, time.time(), float("inf"))
        if fault.kind != "stop":
            self.disturbances.append(disturbance)
        await (self._break_postgres(fault) if fault.target == "postgres" else self._break_node(fault))
        disturbance.end = time.time()

    async def _break_postgres(self, fault: Fault) -> None:
        await asyncio.to_thread(self.postgres.kill if fault.kind == "kill" else self.postgres.stop)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(self.postgres.start)

    async def _break_node(self, fault: Fault) -> None:
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
        await self._start(number)

    def end(self) -> None:
        self.holders.close()
        for node in self._nodes:
            if node is not None:
                if node.process.is_running():
                    node.process.signal(signal.SIGCONT)
                node.process.end()
        self.postgres.end()


class Door:
    """One program that uses the API: of one node, and of the next when that one does not answer."""

    def __init__(self, cluster: Cluster, key: str, number: int = 0):
        self._cluster, self._number = cluster, number
        self._headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.AsyncClient(verify=False, trust_env=False, timeout=5)

    async def ask(self, method: str, path: str, body: dict | None = None, **headers: str) -> tuple[int, dict]:
        """The status and what the answer says; 0 when there is none, so that nobody knows what was done."""
        try:
            answer = await self._client.request(
                method, self._cluster.api(self._number) + path, json=body, headers=self._headers | headers)
            if answer.status_code < 500:
                return answer.status_code, answer.json() if answer.content else {}
        except (httpx.TransportError, json.JSONDecodeError):
            pass
        self._number += 1
        await asyncio.sleep(.1)
        return 0, {}

    async def close(self) -> None:
        await self._client.aclose()
