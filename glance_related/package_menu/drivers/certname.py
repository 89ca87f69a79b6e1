"""By which name a configuration system knows a server: a text of the operator's, with what is known of the server."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterator, Mapping

from glance_related.deliveries.delivery import Refused
from glance_related.package_menu.drivers.driver import Instance
from glance_related.settings.options import ConfigError

#: What may stand in braces.
FIELDS = ("instance_id", "hostname", "project_id")
#: What a name is of: the customer chooses some of its parts, and no more than this may come of it.
_CERTNAME = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,254}")
#: What each field may be, in small letters.
_VALUES = {
    "instance_id": re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
    "project_id": re.compile(r"[a-z0-9_-]+"),
    "hostname": re.compile(r"[a-z0-9_.-]+"),
}
_INSTANCE_ID_LENGTH, _PROJECT_ID_MAX = 36, 64
#: By these names Puppet has what is for every node that it does not know.
_EVERYBODYS = frozenset({"default"})


class Certnames:
    """Names after one template.

    :param template: as ``{hostname}.example.org``
    :param option: where it stands, for the sentence
    :raises ConfigError: it names something else, or nothing that tells one server from another
    """

    def __init__(self, template: str, option: str) -> None:
        try:
            parsed = list(string.Formatter().parse(template))
        except ValueError:
            parsed = []
        names = [name for _, name, _, _ in parsed if name is not None]
        if not set(names) & {"instance_id", "hostname"} or not set(names) <= set(FIELDS):
            raise ConfigError(
                f"{option} must have {{instance_id}} or {{hostname}} in it, and nothing else in braces but "
                "{project_id}."
            )
        if len(set(names)) < len(names):
            raise ConfigError(f"{option} has one of its names in braces twice; once is enough.")
        plain = "".join(text for text, _, _, _ in parsed).lower()
        if any(spec or conversion for _, _, spec, conversion in parsed) or not re.fullmatch(r"[a-z0-9_.-]*", plain):
            raise ConfigError(f"{option} may have letters, digits and _ . - around what is in braces, and no more.")
        self._parts = [(text.lower(), name) for text, name, _, _ in parsed]
        self._names = names
        self._option = option

    @property
    def is_given(self) -> bool:
        """Whether nobody can choose such a name."""
        return "instance_id" in self._names

    def of(self, instance: Instance) -> str | None:
        """The name of a server; None where it comes to none, as where Nova does not tell the hostname."""
        values = {
            "instance_id": instance.ref.instance_id,
            "hostname": instance.hostname,
            "project_id": instance.project_id,
        }
        name = "".join(text + (values[field] if field else "") for text, field in self._parts).lower()
        is_one = all(values[one] for one in self._names) and _CERTNAME.fullmatch(name) and name not in _EVERYBODYS
        return name if is_one else None

    def needed(self, instance: Instance) -> str:
        """The name of a server that must have one.

        :raises Refused:
        """
        name = self.of(instance)
        if name is None:
            raise Refused(
                "This server has no name that Puppet could know it by: Nova does not tell its hostname, or there are "
                "other characters in it than letters, digits and _ . -, or it is called default."
            )
        return name

    def fields(self, certname: str) -> Mapping[str, Collection[str]] | None:
        """What a name may say of its server, in whatever way it is read; None where it is none of ours."""
        name = certname.lower()
        found: dict[str, set[str]] = {field: set() for field in self._names}
        for reading in _readings(name, self._parts) if _CERTNAME.fullmatch(name) else ():
            for field, value in reading.items():
                found[field].add(value)
        return found if all(found.values()) else None

    def check(self) -> list[str]:
        """What an operator should know of such names."""
        if "instance_id" in self._names or "project_id" in self._names:
            return []
        return [
            f"{self._option} is of hostnames alone: customers choose them, and may choose another's; put "
            "{project_id} or {instance_id} into it."
        ]


def _readings(name: str, parts: list[tuple[str, str | None]]) -> Iterator[dict[str, str]]:
    """Each way in which a name can be made of the parts: a hostname may have dots in it.

    The id of a server is as long as it always is; so with the length of a project's id everything has its place, and
    whoever asks may be asked by everybody.
    """
    fields = [field for _, field in parts if field is not None]
    fixed = sum(len(text) for text, _ in parts) + (_INSTANCE_ID_LENGTH if "instance_id" in fields else 0)
    for length in range(1, _PROJECT_ID_MAX + 1) if "project_id" in fields else (0,):
        left = len(name) - fixed - length
        if left != 0 if "hostname" not in fields else left < 1:
            continue
        lengths = {"instance_id": _INSTANCE_ID_LENGTH, "project_id": length, "hostname": left}
        reading = _reading(name, parts, lengths)
        if reading is not None:
            yield reading


def _reading(name: str, parts: list[tuple[str, str | None]], lengths: Mapping[str, int]) -> dict[str, str] | None:
    """What each part is, where all of them are so long; None where the name is not made so."""
    found, at = {}, 0
    for text, field in parts:
        if not name.startswith(text, at):
            return None
        at += len(text)
        if field is not None:
            value = name[at : at + lengths[field]]
            if not _VALUES[field].fullmatch(value):
                return None
            found[field] = value
            at += len(value)
    return found
