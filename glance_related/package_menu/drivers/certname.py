"""By which name a configuration system knows a server: a text of the operator's, with what is known of the server."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from glance_related.package_menu.drivers.driver import Instance
from glance_related.settings.options import ConfigError

#: What may stand in braces.
FIELDS = ("instance_id", "hostname", "project_id")
#: What a name is of: the customer chooses some of its parts, and no more than this may come of it.
_CERTNAME = re.compile(r"[a-z0-9_.-]{1,255}")


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
        self._template = template
        self._pattern = re.compile(
            "".join(re.escape(text) + (_group(name) if name is not None else "") for text, name, _, _ in parsed)
        )

    def of(self, instance: Instance) -> str | None:
        """The name of a server; None where it comes to none, as where Nova does not tell the hostname."""
        values = {
            "instance_id": instance.ref.instance_id,
            "hostname": instance.hostname,
            "project_id": instance.project_id,
        }
        name = self._template.format(**values).lower()
        return name if all(values[one] for one in self._pattern.groupindex) and _CERTNAME.fullmatch(name) else None

    def fields(self, certname: str) -> Mapping[str, str] | None:
        """What a name says of its server; None where it is none of ours."""
        found = self._pattern.fullmatch(certname.lower())
        return None if found is None else found.groupdict()


def _group(name: str) -> str:
    # what stands once is enough to know
    return f"(?P<{name}>[a-z0-9_.-]+?)"
