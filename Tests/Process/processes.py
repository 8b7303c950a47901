"""Processes under test: started with a log of their own, watched by pid, always ended."""

import os
import pathlib
import select
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROOKERY_BINARY", str(ROOT / ".build/debug/rookery"))


class Process:
    """A child in a process group of its own, as a shell would start it; its log is `log`."""

    def __init__(self, command: list[str], log: pathlib.Path, environment: dict[str, str] | None = None):
        self.log = log
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL,
                env=keep | (environment or {}), cwd=ROOT, start_new_session=True)
        self.pid = self._process.pid

    def first_line(self, seconds: float) -> bytes:
        """The first line of standard output; fails when the process ends or is silent for so long."""
        deadline, line = time.monotonic() + seconds, b""
        pipe = self._process.stdout
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"nothing on standard output after {seconds} s\n{self.tail()}")
            byte = os.read(pipe.fileno(), 1)
            if not byte:
                raise AssertionError(f"ended with {self._process.wait(10)}\n{self.tail()}")
            line += byte
        return line

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def press_control_c(self) -> None:
        """SIGINT to the whole group, as a terminal sends it."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s\n{self.tail()}") from None

    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """SIGTERM, then SIGKILL for whatever of the family is left."""
        if not self.is_running():
            return
        members = family(self.pid)
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            for pid in members:
                kill(pid)
            self._process.wait(10)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def family(pid: int) -> list[int]:
    """That pid and those of all below it."""
    members = [pid]
    for member in members:
        for children in pathlib.Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members += map(int, children.read_text().split())
            except OSError:
                pass
    return members


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def runs(pid: int) -> bool:
    """A zombie does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def naming(text: str) -> dict[int, str]:
    """Processes whose command line or working directory holds that text, zombies left out."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = os.readlink(folder / "cwd")
        except OSError:
            continue
        if int(folder.name) != os.getpid() and (text in command or text in where):
            found[int(folder.name)] = command
    return found
