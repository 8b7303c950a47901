"""What the crash test's updates are delivered to."""

from dataclasses import dataclass

import database
from cluster import Ports
from flaky_receiver import FlakyReceiver
from rookery import Rookery

CONCURRENCY = 10
SHORT = {"retry_schedule_ms": [100, 300, 700]}
LONG = {"retry_schedule_ms": [50, 200, 500] + [1000] * 5 + [2000] * 20}

# By the number of their bot.
PUSH = (
    (0, "patient", LONG), (0, "hasty", SHORT),
    (1, "patient", LONG), (1, "messages", LONG | {"kinds": ["message"]}),
    (2, "unordered", LONG | {"ordering": "none"}), (2, "parking", SHORT | {"on_dead": "park"}),
    (3, "hasty", SHORT), (4, "patient", LONG), (5, "hasty", SHORT),
)
PULLED_BOT, REPLAYED = 3, "patient 4"


@dataclass
class Consumer:
    id: str
    bot: database.Bot
    receiver: FlakyReceiver
    options: dict

    @property
    def name(self) -> str:
        return self.receiver.name

    @property
    def keeps_lanes(self) -> bool:
        return self.options.get("ordering") != "none"

    @property
    def parks(self) -> bool:
        return self.options.get("on_dead") == "park"

    def wants(self, kind: str) -> bool:
        return kind in self.options.get("kinds", [kind])


def make(rookery: Rookery, bots: list[database.Bot], seed: int, ports: Ports) -> list[Consumer]:
    made: list[Consumer] = []
    for number, name, options in PUSH:
        # With few attempts what is poison dies; with many it is taken in the end, unless it goes stale before.
        cures_after = 4 if options["retry_schedule_ms"] is LONG["retry_schedule_ms"] else None
        receiver = FlakyReceiver(f"{name} {number}", seed, ports.next(), cures_after)
        options = options | {"timeout_ms": 2000, "concurrency": CONCURRENCY}
        consumer = database.create_consumer(rookery, receiver.url, bots[number], **options)
        made.append(Consumer(consumer, bots[number], receiver, options))
    return made
