"""The PostgreSQL of a `rookery dev` that has ended, run by the test: to be killed and started as the test likes."""

import os
import pathlib
import shlex
import signal
import subprocess

import psycopg

from processes import family, kill, runs
from rookery import until


class Postgres:
    def __init__(self, data: pathlib.Path, url: str):
        """data: its data directory, once no server runs on it. url: of a role that may sign in."""
        self._data, self._url = data, url
        # The command of the last server, as it writes it down itself.
        self._command = shlex.split((data / "postmaster.opts").read_text())
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Returns when it answers; what a kill left of the server before may take a moment to go."""
        def answers() -> bool:
            if self._process is None or self._process.poll() is not None:
                self._process = self._launch()
            try:
                psycopg.connect(self._url, connect_timeout=5).close()
                return True
            except psycopg.OperationalError:
                return False

        until(answers, 90, lambda: f"PostgreSQL is not up\n{self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """kill -9 of the server and of every process of its."""
        for pid in family(self._process.pid):
            kill(pid)
        self._process.wait(20)

    def stop(self) -> None:
        """Ends every session and the server, in order."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def end(self) -> None:
        if self._process is not None and runs(self._process.pid):
            self.stop()

    @property
    def _log(self) -> pathlib.Path:
        return self._data / "test.log"

    def _launch(self) -> subprocess.Popen:
        owner = self._data.stat()
        # PostgreSQL does not run as root.
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    cwd=self._data, start_new_session=True, **account)
