"""`Together`: what several ask for at the same time is done once for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future


class Together:
    """Something that serves whoever asked before it began, as an fsync of a folder does.

    Whoever asks while it is under way waits for the next, which then serves all who wait. Where it fails, it fails for
    everybody whom it was to serve: a kernel tells of a disk that failed only once.

    :param act: what is done, one at a time
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._turn = threading.Lock()
        #: The one that has not begun.
        self._next: Future[None] = Future()

    def __call__(self) -> None:
        """Wait for one that begins from now on; do it where nobody else does.

        :raises Exception: of the one that was to serve us
        """
        mine = self._next
        with self._turn:
            if not mine.done():
                self._next = Future()  # before it begins: who asks from here on is not served by it
                try:
                    mine.set_result(self._act())
                except Exception as error:  # told below, to each whom it concerns
                    mine.set_exception(error)
        mine.result()
