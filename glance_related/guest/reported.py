"""What a guest reports, read strictly: it may lie about itself, and do no more than that."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.guest import problems
from glance_related.guest.part import Report

#: Longest report, in bytes: with its headers it must fit into what Neutron's proxy reads at once.
REPORT_MAX = 1024

_MEMBERS = {"part", "server", "generation", "ok", "packages", "message"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.+-]{0,254}")
_GENERATION_MAX = 2**62


def check_whole(body: bytes, asked: Mapping[str, str]) -> None:
    """Whether a report has arrived as it was sent.

    :param asked: the query
    :raises Problem: 400
    """
    if asked.get("length") != str(len(body)):
        raise problems.REPORT_UNFIT(reason="its length is not the one that the query says")
    digest = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(digest.encode(), asked.get("sha256", "").encode()):
        raise problems.REPORT_UNFIT(reason="its SHA-256 is not the one that the query says")


@dataclass(frozen=True)
class Reported:
    """What a guest reports.

    :param part: of which system
    :param server: of whose settings, by its word; None: it does not say, and can only mean its own
    """

    part: str
    server: str | None
    report: Report


def report_of(document: Any) -> Reported:
    """What a guest reports.

    :raises Problem: 400
    """
    if not isinstance(document, dict) or not set(document) <= _MEMBERS:
        raise problems.REPORT_UNFIT(reason=f"it must be an object of {', '.join(sorted(_MEMBERS))}")
    part, generation, is_done = document.get("part"), document.get("generation"), document.get("ok")
    packages, message, server = document.get("packages"), document.get("message", ""), document.get("server")
    if not isinstance(part, str) or not isinstance(is_done, bool) or not isinstance(message, str):
        raise problems.REPORT_UNFIT(reason="'part' and 'message' must be texts, 'ok' true or false")
    if server is not None and not isinstance(server, str):
        raise problems.REPORT_UNFIT(reason="'server' must be the word that came with the settings")
    if not isinstance(generation, int) or isinstance(generation, bool) or not 0 <= generation <= _GENERATION_MAX:
        raise problems.REPORT_UNFIT(reason="'generation' must be a number from 0 on")
    if packages is not None and not _are_packages(packages):
        raise problems.REPORT_UNFIT(reason="'packages' must be an object of names with names")
    return Reported(part, server, Report(generation, is_done, packages, printable(message)))


def _are_packages(packages: Any) -> bool:
    return isinstance(packages, dict) and all(
        isinstance(one, str) and _NAME.fullmatch(one) for pair in packages.items() for one in pair
    )


def printable(text: str) -> str:
    """A text in one line, without what is not for reading: it is shown to people, on terminals and on pages."""
    return "".join(one if one.isprintable() else " " for one in text).strip()
