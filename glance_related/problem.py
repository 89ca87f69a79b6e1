"""An error is data: what went wrong, under a code that never changes.

Each system declares its `ProblemKind` objects in its own ``problems.py``; a handler raises
``KIND(name=value)`` and the filter turns the `Problem` into a reply in its host's own shape
(``hosts/<host>/errors.py``), with the code in the header ``X-Glance-Related-Code``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: The reply header that carries the stable code of a problem.
CODE_HEADER = "X-Glance-Related-Code"


@dataclass(frozen=True)
class ProblemKind:
    """One way in which a request can fail.

    :param code: stable name, ``<system>.<what>``; clients may compare it
    :param status: HTTP status of the reply
    :param text: sentence for the client, with ``{names}`` filled in when the problem is raised
    """

    code: str
    status: int
    text: str

    def __call__(self, parts: Sequence[Mapping[str, str]] = (), **details: object) -> Problem:
        """The problem itself, ready to be raised; ``details`` fill the names in ``text``.

        :param parts: where several things are wrong at once, each of them for programs to read
        """
        return Problem(self, self.text.format(**details), parts)


class Problem(Exception):
    """A `ProblemKind` that has happened, with its text filled in, and its parts where it has several."""

    def __init__(self, kind: ProblemKind, text: str, parts: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.parts = tuple(parts)

    @property
    def status(self) -> int:
        return self.kind.status

    @property
    def code(self) -> str:
        return self.kind.code


DATABASE_DOWN = ProblemKind(
    "glance_related.database_down",
    503,
    "This request needs the database of glance_related, which does not answer. Nothing was changed; try again later.",
)
INTERNAL = ProblemKind(
    "glance_related.internal",
    500,
    "The server has either erred or is incapable of performing the requested operation.",
)
FORBIDDEN = ProblemKind("glance_related.forbidden", 403, "Policy does not allow {rule} to be performed.")
MISPLACED = ProblemKind(
    "glance_related.misplaced",
    500,
    "The filter stands before the one that establishes who is asking; see 'glance-related-manage config check'.",
)
NO_AUTH = ProblemKind(
    "glance_related.no_auth",
    403,
    "This service knows no callers; glance_related serves it only where its option allow_no_auth is set.",
)
METHOD_IN_QUERY = ProblemKind(
    "glance_related.method_in_query",
    405,
    "The request is sent as {method}, and its query says {other}; here the method is the one that it is sent with.",
)

BODY_TOO_LARGE = ProblemKind("body.too_large", 413, "The request body is larger than {limit} bytes.")
BODY_MALFORMED = ProblemKind("body.malformed", 400, "Malformed JSON in request body: {reason}.")
BODY_TRUNCATED = ProblemKind("body.truncated", 400, "The request body is shorter than its Content-Length.")

#: What any system of the suite may answer with.
COMMON = (
    DATABASE_DOWN,
    INTERNAL,
    FORBIDDEN,
    MISPLACED,
    NO_AUTH,
    METHOD_IN_QUERY,
    BODY_TOO_LARGE,
    BODY_MALFORMED,
    BODY_TRUNCATED,
)
