"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class Once(argparse.Action):
    """Collects ``name=value`` into an object; no name may come twice.

    Of several arguments in a row a name may stand alone; its value is None then.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Take one more, or some.

        :raises ArgumentError: it is not written like this, or is there already
        """
        is_row = isinstance(values, list)
        given = dict(getattr(namespace, self.dest) or {})
        for text in values if isinstance(values, list) else [str(values)]:
            name, equals, value = text.partition("=")
            if not name or not (equals or is_row):
                raise argparse.ArgumentError(self, f"expected name=value, not {text!r}")
            if name in given:
                raise argparse.ArgumentError(self, f"{name} is given twice")
            given[name] = value if equals else None
        setattr(namespace, self.dest, given)
