"""Defences that can be taken away for the length of one request, to see what they keep from an attack."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

#: Where a defence stands, and what stands there without it.
Change = tuple[Any, str, Any]

_Changes = Callable[[], list[Change]]


class Defences(dict[str, _Changes]):
    """What to change where, by the name of the defence that is then away."""

    def named(self, name: str) -> Callable[[_Changes], _Changes]:
        """Enter a defence under its name."""

        def enter(changes: _Changes) -> _Changes:
            self[name] = changes
            return changes

        return enter

    def answer_without(self, name: str, app: Any, environ: Any, start_response: Any) -> list[bytes]:
        """What an application answers without one defence."""
        with self._undone(name), contextlib.ExitStack() as closing:
            answer = app(environ, start_response)
            if hasattr(answer, "close"):
                closing.callback(answer.close)
            return [b"".join(answer)]

    @contextlib.contextmanager
    def _undone(self, name: str) -> Iterator[None]:
        changes = self[name]()
        before = [(owner, attribute, vars(owner)[attribute]) for owner, attribute, _ in changes]
        for owner, attribute, instead in changes:
            setattr(owner, attribute, instead)
        try:
            yield
        finally:
            for owner, attribute, original in before:
                setattr(owner, attribute, original)
