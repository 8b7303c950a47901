"""In development: a tunnel's address is where bots' webhooks go, and its program ends with Rookery."""

import json
import os
import pathlib
from contextlib import contextmanager

import web
from processes import BINARY, Process, runs
from rookery import SETTINGS, data_folder, until

# Stands in for the program: notes its pid, tells another address at each start, and stays.
STAND_IN = """#!/bin/sh
echo $$ >> {folder}/pids
n=$(wc -l < {folder}/pids)
echo "2026-11-20T10:00:00Z INF |  https://crow-$n.trycloudflare.com  |" >&2
while :; do sleep 1; done
"""


@contextmanager
def tunnelled():
    """`rookery dev` with a tunnel, and a sandbox that counts as being elsewhere: 0.0.0.0 leads to this machine, but is
    no loopback address."""
    with data_folder() as folder:
        programs = folder.with_name("bin")
        programs.mkdir()
        programs.joinpath("cloudflared").write_text(STAND_IN.format(folder=programs))
        programs.joinpath("cloudflared").chmod(0o755)
        processes: list[Process] = []
        try:
            sandbox = Process([BINARY, "sandbox", "--listen", "127.0.0.1:0"], folder.with_name("sandbox.log"))
            processes.append(sandbox)
            telegram = sandbox.first_line(30).decode().split()[-1].rstrip("/")
            settings = SETTINGS | {
                "ROOKERY_TUNNEL": "cloudflared", "PATH": f"{programs}:{os.environ['PATH']}",
                "ROOKERY_TELEGRAM_API_URL": telegram.replace("127.0.0.1", "0.0.0.0"),
            }
            dev = Process([BINARY, "dev", "--json", "--data-dir", str(folder)], folder.with_name("dev.log"), settings)
            processes.append(dev)
            yield dev, json.loads(dev.first_line(90)), telegram, programs / "pids"
        finally:
            for process in reversed(processes):
                process.end()


def pids(file: pathlib.Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_webhooks_follow_the_tunnel_which_ends_with_rookery():
    with tunnelled() as (dev, ready, telegram, file):
        made = web.post(f"{telegram}/sandbox/bots", json={}).raise_for_status().json()
        answer = web.post(f"{ready['api'].rstrip('/')}/v1/bots", json={"token": made["token"], "mode": "webhook"},
                          headers={"Authorization": f"Bearer {ready['api_key']}"})
        assert answer.status_code == 201, answer.text
        bot = answer.json()["id"]

        def webhook() -> str:
            return web.get(f"{telegram}/bot{made['token']}/getWebhookInfo").json()["result"]["url"]

        def is_at(number: int) -> bool:
            return webhook() == f"https://crow-{number}.trycloudflare.com/telegram/webhook/{bot}"

        until(lambda: is_at(1), 60, lambda: f"{webhook()}\n{dev.tail()}")
        os.kill(pids(file)[0], 9)
        until(lambda: is_at(2), 60, lambda: f"{webhook()}\n{dev.tail()}")
        os.kill(dev.pid, 9)

        until(lambda: not any(runs(pid) for pid in pids(file)), 30, lambda: "the tunnel's program was left behind")
