"""`Protections`: Glance's property protections, read exactly as Glance reads them.

The operator keeps one list of who may create, read, update and delete which properties of images: Glance's own
``property_protection_file``. Glance cannot be imported beside Nova, so a copy of the file is read here, by the same
rules:

* A section is a regular expression, searched for anywhere in a property's name. The first that is found, in the
  order of the file, decides; where none is, nobody may do anything.
* All four operations must be there. Format ``roles``: a list of roles, in any case; ``@`` is everyone, ``!`` nobody.
  Format ``policies``: one of Glance's policy rules, or ``@``, or ``!``. Nothing is nobody.
* ``os_glance.*`` is Glance's own and open to everyone; sections of the operator's that begin so are dropped.

One thing is different on purpose: Glance adds the roles of a service token to the caller's, and what a customer may
not do himself he could do through Nova. Who asks here gives the caller's own roles and nobody else's.
"""

from __future__ import annotations

import configparser
import functools
import hashlib
import io
import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

LOG = logging.getLogger(__name__)

#: The formats of a file: what stands behind an operation.
ROLES, POLICIES = "roles", "policies"
OPERATIONS = ("create", "read", "update", "delete")

_EVERYONE, _NOBODY = "@", "!"
_OF_GLANCE = "os_glance"

# Names come from customers, who may invent them without end: so many are remembered, and none that is longer than
# the column that Glance keeps names in.
_REMEMBERED = 2048
# Sections that are searched for at once, before each alone.
_TOGETHER = 20
_LONGEST_NAME = 255

_Read = TypeVar("_Read")


class BadProtections(Exception):
    """A file that Glance would not start with, or that cannot be read; one sentence: file, section, fix."""


@dataclass(frozen=True)
class _Allowed:
    """Who may do one thing.

    :param roles: in lower case; where there is a rule, of no account
    :param rule: what Glance asks its policy
    """

    everyone: bool = False
    roles: frozenset[str] = frozenset()
    rule: str | None = None


@dataclass(frozen=True)
class _Section:
    """One section of a file: which names it is for, and who may do what."""

    names: re.Pattern[str]
    allowed: Mapping[str, _Allowed]


_OWN = _Section(re.compile(f"{_OF_GLANCE}.*"), dict.fromkeys(OPERATIONS, _Allowed(everyone=True)))


@dataclass(frozen=True)
class Protections:
    """What a file says, in its order."""

    sections: tuple[_Section, ...]

    def permits(self, operation: str, name: str, roles: Collection[str], policy: Callable[[str], bool]) -> bool:
        """Whether a caller may do something with a property.

        :param operation: one of `OPERATIONS`; nobody may do anything else
        :param name: of the property
        :param roles: the caller's own, in lower case; never those of a service that asks in his name
        :param policy: whether Glance's policy rule of a name allows the caller; asked in the format ``policies`` only
        """
        section = self._remembered(name) if len(name) <= _LONGEST_NAME else self._first(name)
        allowed = section.allowed.get(operation) if section else None
        if allowed is None or allowed.everyone:
            return allowed is not None
        if allowed.rule is not None:
            return policy(allowed.rule)
        return not allowed.roles.isdisjoint(roles)

    @functools.cached_property
    def _remembered(self) -> Callable[[str], _Section | None]:
        return functools.lru_cache(_REMEMBERED)(self._first)

    def _first(self, name: str) -> _Section | None:
        for block in self._blocks:
            if block.names is None or block.names.search(name):
                for section in block.sections:
                    if section.names.search(name):
                        return section
        return None

    @functools.cached_property
    def _blocks(self) -> tuple[_Block, ...]:
        starts = range(0, len(self.sections), _TOGETHER)
        return tuple(_block(self.sections[start : start + _TOGETHER]) for start in starts)


@dataclass(frozen=True)
class _Block:
    """Some sections that follow each other.

    :param names: found where any of theirs is; None: they are looked for one by one
    """

    names: re.Pattern[str] | None
    sections: tuple[_Section, ...]


def _block(sections: tuple[_Section, ...]) -> _Block:
    """One search for all of them, where each means the same beside the others: no groups, no flags of its own."""
    patterns = [section.names for section in sections]
    if any(one.groups or one.flags != re.UNICODE for one in patterns):
        return _Block(None, sections)
    return _Block(re.compile("|".join(f"(?:{one.pattern})" for one in patterns)), sections)


def parse(text: str, rule_format: str, source: str) -> Protections:
    """Read what stands in a file.

    :param text: lines may end in any way
    :param rule_format: `ROLES` or `POLICIES`
    :param source: the file, to name it where something is wrong
    :raises BadProtections: Glance would not start with it
    """
    if rule_format not in (ROLES, POLICIES):
        raise BadProtections(f"{source}: the format of its rules must be {ROLES} or {POLICIES}, not {rule_format}")
    parser = configparser.ConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
        names = [name for name in parser.sections() if not name.startswith(_OF_GLANCE)]
        sections = [_section(parser, name, rule_format) for name in names]
    except configparser.Error as error:
        raise BadProtections(f"{source}: {_what_is_wrong(error)}") from None
    except BadProtections as wrong:
        raise BadProtections(f"{source}: {wrong}") from None
    return Protections((_OWN, *sections))


def _section(parser: configparser.ConfigParser, name: str, rule_format: str) -> _Section:
    try:
        names = re.compile(name)
    except Exception as error:  # re raises ValueError, OverflowError and more, besides its own; Glance stops at any
        raise BadProtections(f"[{name}] is not a regular expression: {error}") from None
    who = _who_by_roles if rule_format == ROLES else _who_by_rule
    allowed = {}
    for operation in OPERATIONS:
        value = parser.get(name, operation)
        try:
            allowed[operation] = who(value) if value else _Allowed()
        except BadProtections as wrong:
            raise BadProtections(f"[{name}] {operation}: {wrong}") from None
    return _Section(names, allowed)


def _who_by_roles(value: str) -> _Allowed:
    roles = {role.strip() for role in value.split(",")}
    if {_EVERYONE, _NOBODY} <= roles:
        raise BadProtections("@ is everyone and ! is nobody; leave one of them out")
    if _NOBODY in roles:
        return _Allowed()
    return _Allowed(everyone=_EVERYONE in roles, roles=frozenset(role.lower() for role in roles))


def _who_by_rule(value: str) -> _Allowed:
    if "," in value:
        raise BadProtections("only one policy rule can stand here; combine several to one in Glance's policy file")
    if value == _NOBODY:
        return _Allowed()
    return _Allowed(everyone=value == _EVERYONE, rule=value)


def _what_is_wrong(error: configparser.Error) -> str:
    """A parser's error in one sentence; its own text repeats lines of the file."""
    match error:
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: [{error.section}] is there already; make one section of the two"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: [{error.section}] has {error.option} already; leave one of them out"
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands before the first section; begin with the [regular expression] it is for"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is neither a [section] nor an operation = who may; mend it"
        case configparser.NoOptionError():
            return f"[{error.section}] does not have {error.option}; it must have all of {', '.join(OPERATIONS)}"
        case configparser.InterpolationError():
            return f"[{error.section}] {error.option}: %(...)s must name an option, and a percent sign is written %%"
        case _:
            return f"it cannot be read ({type(error).__name__})"


class KeptFile(Generic[_Read]):
    """An operator's file, read again when it has changed; one that cannot be read leaves the last good one in force.

    Its bytes are compared, and not when and how long it is: a file may be put back with an older time, may change twice
    within one tick of the clock, and may become readable again without having changed.

    :param path: where it is
    :param read: makes of its text what is kept; raises `BadProtections`
    :param clock: seconds that only grow
    :param every: how often the file is looked at, in seconds
    :raises BadProtections: it cannot be read now
    """

    def __init__(
        self, path: str, read: Callable[[str], _Read], clock: Callable[[], float] = time.monotonic, every: float = 1.0
    ) -> None:
        self._path, self._read, self._clock, self._every = path, read, clock, every
        self._lock = threading.Lock()
        #: Why the file that is there now is not in force; None while it is.
        self.trouble: str | None = None
        self._seen: bytes | None = _bytes_of(path)
        self._good = self._seen
        self._kept = read(_text_of(self._seen, path))
        self._looked = clock()

    def current(self) -> _Read:
        """What the file says; the last good one where it is in trouble."""
        with self._lock:
            now = self._clock()
            if now - self._looked >= self._every:
                self._looked = now
                self._look()
            return self._kept

    def fingerprint(self) -> str:
        """What tells the content in force from any other: as ``sha256sum FILE | cut -c -16`` prints it."""
        return hashlib.sha256(self._good).hexdigest()[:16]

    def _look(self) -> None:
        try:
            content = _bytes_of(self._path)
        except BadProtections as trouble:
            self._seen = None  # whatever is there next is new
            if self.trouble != str(trouble):
                self._complain(trouble)
            return
        if content == self._seen:
            return
        self._seen = content
        try:
            self._kept = self._read(_text_of(content, self._path))
        except BadProtections as trouble:
            self._complain(trouble)
            return
        if self.trouble is not None or content != self._good:
            LOG.warning("%s was read again and is in force as it is now", self._path)
        self._good, self.trouble = content, None

    def _complain(self, trouble: BadProtections) -> None:
        self.trouble = str(trouble)
        LOG.error("%s; until that is mended, what the file said before stays in force", self.trouble)


class ProtectionsFile(KeptFile[Protections]):
    """A copy of Glance's ``property_protection_file``.

    :param path: where it is
    :param rule_format: Glance's ``property_protection_rule_format``: `ROLES` or `POLICIES`
    :param clock: seconds that only grow
    :param every: how often the file is looked at, in seconds
    :raises BadProtections: it cannot be read, or Glance would not start with it
    """

    def __init__(
        self, path: str, rule_format: str, clock: Callable[[], float] = time.monotonic, every: float = 1.0
    ) -> None:
        super().__init__(path, lambda text: parse(text, rule_format, path), clock, every)


def _bytes_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadProtections(f"{path} cannot be read ({why}); put it there for the user of this service") from None


def _text_of(content: bytes, path: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadProtections(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
