"""The running server does what openapi.yaml says: schemathesis asks every operation, as it should be asked and as not."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import people
import receiver
import rookery as rookeries
from processes import ROOT

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def company():
    """A program of its own: what is asked here is not kind to the data of others."""
    with rookeries.running() as running, receiver.listening() as listening:
        yield running, people.company(running, people.platform_admin(running), "Contract", listening.url)


@pytest.mark.parametrize("actor", ["owner", "support", "platform admin"])
def test_every_operation_does_what_is_described(company, actor, tmp_path):
    running, made = company
    who = running.platform_admin if actor == "platform admin" else {
        "email": made.emails[actor], "password": people.PASSWORD}
    world = who | {
        "api": running.api, "tenant": made.id, "acts": actor == "platform admin",
        "database": running.database_owner_url, "secret": made.bot.secrets[0], "ids": made.ids}

    asked = subprocess.run(
        [pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "contract.toml", "run",
         ROOT / "openapi.yaml", "--url", running.api, "--checks", "all", "--exclude-path", "/metrics", "--seed", "1",
         "--no-color", "--warnings", "off"],
        cwd=tmp_path, capture_output=True, text=True, timeout=140, env=os.environ | {
            "SCHEMATHESIS_HOOKS": "contract_hooks", "PYTHONPATH": str(HERE), "CONTRACT": json.dumps(world)})

    assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr[-2_000:]
    assert running.process.is_running()
