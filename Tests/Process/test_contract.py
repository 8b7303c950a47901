"""The running server does what openapi.yaml says: schemathesis asks every operation, as it should be asked and as not."""

import json
import os
import pathlib
import secrets
import subprocess
import sys

import pytest

import people
import receiver
import rookery as rookeries
from processes import ROOT

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def running():
    """A program of its own: what is asked here is not kind to the data of others."""
    with rookeries.running() as running:
        yield running


@pytest.fixture
def company(running):
    with receiver.listening() as listening:
        yield people.company(running, people.platform_admin(running), f"Contract{secrets.token_hex(4)}", listening.url)


@pytest.mark.parametrize("actor, which", [
    ("owner", ["--exclude-path", "/metrics"]), ("support", ["--exclude-path", "/metrics"]),
    # In a tenant they do what owners do; what is asked here is what only they may.
    ("platform admin", ["--include-tag", "Platform"])])
def test_every_operation_does_what_is_described(running, company, actor, which, tmp_path):
    asked = ask(running.api, actor, running, company, which, tmp_path)

    assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr[-2_000:]
    assert running.process.is_running()


def test_the_metrics_are_as_described(running, company, tmp_path):
    asked = ask(running.admin, "owner", running, company, ["--include-path", "/metrics"], tmp_path)

    assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr[-2_000:]


def ask(url: str, actor: str, running, made, which: list[str], folder: pathlib.Path) -> subprocess.CompletedProcess:
    who = running.platform_admin if actor == "platform admin" else {
        "email": made.emails[actor], "password": people.PASSWORD}
    world = who | {
        "api": running.api, "tenant": made.id, "acts": actor == "platform admin",
        "database": running.database_owner_url, "secret": made.bot.secrets[0], "ids": made.ids,
        "self": people.me(made.owner)["admin_id"]}
    return subprocess.run(
        [pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "contract.toml", "run",
         ROOT / "openapi.yaml", "--url", url, "--checks", "all", *which, "--no-color", "--warnings", "off"],
        cwd=folder, capture_output=True, text=True, timeout=400, env=os.environ | {
            "SCHEMATHESIS_HOOKS": "contract_hooks", "PYTHONPATH": str(HERE), "CONTRACT": json.dumps(world)})
