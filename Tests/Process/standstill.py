"""How long the machine stands still, so that a test can bound times on one that does."""

import threading
import time


class Standstill:
    """In a `with`: what was lost meanwhile, in seconds."""

    def __init__(self):
        self.total = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Standstill":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._end.wait(.05):
            now = time.monotonic()
            if (over := now - before - .05) > .1:
                self.total += over
            before = now
