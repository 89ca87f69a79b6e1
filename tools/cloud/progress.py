"""What a person sees while we work: one line for each step, and a sign of life in the long ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SIGN_OF_LIFE = 10


class Progress:
    """Lines with the seconds since the start in front of them."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        print(f"[{self.seconds:5.1f} s] {text}", flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say what is done now, and every ten seconds that it is still done."""
        self.say(text)
        over = threading.Event()
        teller = threading.Thread(target=self._tell, args=(text, over), daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()

    def _tell(self, text: str, over: threading.Event) -> None:
        while not over.wait(_SIGN_OF_LIFE):
            self.say(f"... still {text}")
