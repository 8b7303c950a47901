import socket

import pytest

import receiver as receivers
import rookery as rookeries
from database import create_consumer, disable_consumer


@pytest.fixture(scope="session")
def rookery():
    """One `rookery dev` for the tests that leave it running."""
    with rookeries.running() as running:
        yield running


@pytest.fixture
def own_rookery():
    """A `rookery dev` of the test's own, to break."""
    with rookeries.running() as running:
        yield running


@pytest.fixture(scope="session")
def watchful():
    """A `rookery dev` that looks at its bots every two seconds, soon has hybrid ones poll, and logs everything."""
    settings = {"ROOKERY_RECONCILE_SECONDS": "2", "ROOKERY_HYBRID_SECONDS": "3", "ROOKERY_LOG_LEVEL": "trace"}
    with rookeries.running(settings) as running:
        yield running


@pytest.fixture
def receiver():
    with receivers.listening() as receiver:
        yield receiver


@pytest.fixture
def consumer(rookery):
    """Makes consumers of the demo bot that end with the test: `consumer(url, **options)`."""
    made = []

    def make(url: str, **options):
        made.append(create_consumer(rookery, url, **options))
        return made[-1]

    yield make
    for one in made:
        disable_consumer(rookery, one)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
