"""How soon updates are answered and delivered at a fixed rate that waits for nobody.

The load's program posts to Rookery as Telegram does, which is the exact way to see when an answer came; then users
write in the sandbox at the same rate, and the sandbox posts, at the price of a third program on the machine. The
first rows are what the measuring itself takes.
"""

import argparse
import json
import subprocess
import urllib.request

from load import Traffic
from measure import end, mark, wait_for
from node import BINARY, Bot, free_port
from processor import Processor, said
from report import Report, milliseconds
from setting import Setting


class Sandbox:
    """A `rookery sandbox` with bots whose webhooks are somewhere. A bot's secret there is Rookery's."""

    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen([BINARY, "sandbox", "--listen", f"127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{self.port}/sandbox/bots", self.process, range(200, 201))
        except BaseException:
            end(self.process)
            raise

    def add(self, webhook: str, secret: str) -> tuple[str, str]:
        """The way to have users write to a new bot."""
        bot = self._post("/sandbox/bots", {})
        self._post(f"/bot{bot['token']}/setWebhook", {"url": webhook, "secret_token": secret, "max_connections": 100})
        return f"/sandbox/bots/{bot['telegram_id']}/messages", ""

    def _post(self, path: str, content: dict) -> dict:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(content).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def end(self) -> None:
        end(self.process)


def latency(options: argparse.Namespace) -> Report:
    report = Report(f"Latency at {options.rate:,} updates/s",
                    ["", "updates", "answered p50 ms", "p99 ms", "delivered p50 ms", "p99 ms", "max ms", "again",
                     "MiB", "cores"])
    _alone(report, options)
    _sandbox_alone(report, options)
    _through_rookery(report, options, has_sandbox=False)
    _through_rookery(report, options, has_sandbox=True)
    return report


def _plan(options: argparse.Namespace) -> dict:
    return {"rate": options.rate, "seconds": options.warm_up + options.seconds, "connections": options.connections}


def _alone(report: Report, options: argparse.Namespace) -> None:
    traffic = Traffic()
    try:
        traffic.start([("/", "")], traffic.port, **_plan(options) | {"seconds": options.warm_up + 2})
        result = traffic.finish(60)
    finally:
        traffic.stop()
    report.row("load to itself", result.counts["sent"], *milliseconds(result, options.warm_up), 0, "", "")


MESSAGES = {"form": "message", "accepted": 201}


def _sandbox_alone(report: Report, options: argparse.Namespace) -> None:
    traffic, sandbox = Traffic(), Sandbox()
    try:
        targets = [sandbox.add(traffic.url, "none") for _ in range(100)]
        traffic.start(targets, sandbox.port, **_plan(options) | {"seconds": options.warm_up + 3} | MESSAGES)
        processor = Processor(sandbox=sandbox.process.pid, load=traffic.pid)
        traffic.wait_until(options.warm_up + 3)
        shares = processor.shares()
        result = traffic.finish(60)
    finally:
        traffic.stop()
        sandbox.end()
    report.row("sandbox to receiver", result.counts["sent"], "", "", *milliseconds(result, options.warm_up)[2:], 0, "",
               said(shares))


def _through_rookery(report: Report, options: argparse.Namespace, has_sandbox: bool) -> None:
    name = "sandbox to Rookery to receiver" if has_sandbox else "load to Rookery to receiver"
    with Setting("latency_sandbox" if has_sandbox else "latency") as setting:
        setting.start()
        targets, port, plan, others = setting.targets, setting.node.port, _plan(options), {}
        if has_sandbox:
            sandbox = Sandbox()
            setting.on_exit(sandbox.end)
            targets = [sandbox.add(_webhook(setting, bot), bot.secret) for bot in setting.bots]
            port, plan, others = sandbox.port, plan | MESSAGES, {"sandbox": sandbox.process.pid}
        setting.traffic.start(targets, port, **plan)
        setting.traffic.wait_until(options.warm_up)
        processor = Processor(Rookery=setting.process.pid, load=setting.traffic.pid, **others)
        setting.traffic.wait_until(options.warm_up + options.seconds)
        shares = processor.shares()
        result = setting.traffic.finish(60)
        memory = setting.memory.stop()
    times = milliseconds(result, options.warm_up)
    answered = ["", ""] if has_sandbox else times[:2]
    report.row(name, result.counts["sent"], *answered, *times[2:], result.counts["again"], memory, said(shares))
    if not has_sandbox:
        report.marks.append(mark(f"{name}: answered, p99 ms", times[1], 10))
    report.marks.append(mark(f"{name}: delivered, p99 ms", times[3], 50))
    report.faults += result.faults(name) + setting.faults


def _webhook(setting: Setting, bot: Bot) -> str:
    return f"http://127.0.0.1:{setting.node.port}{bot.path}"
