"""The driver ldap in front of a folder of a real directory."""

from __future__ import annotations

from typing import Any

from glance_related.package_menu.drivers.ldap import LdapDriver
from tests.servers import PASSWORD
from tests.servers.slapd import WORKER, Slapd


def ldap_settings(url: str, base: str, **more: Any) -> dict[str, Any]:
    known = {"url": url, "base_dn": base, "bind_dn": WORKER, "password": PASSWORD, "certname": "{instance_id}"}
    return {**known, "parent_node": None, "start_tls": False, "ca_file": None, "timeout_seconds": 5, **more}


class Side:
    """A driver, and its folder of the directory."""

    def __init__(self, slapd: Slapd, base: str, **more: Any) -> None:
        self.slapd = slapd
        self.base = base
        self.driver = LdapDriver(ldap_settings(slapd.url, base, **more))

    def entry(self, name: str) -> dict[str, list[str]] | None:
        return self.slapd.entries(self.base).get(f"cn={name},{self.base}")

    @property
    def names(self) -> list[str]:
        return sorted(entry["cn"][0] for entry in self.slapd.entries(self.base).values())

    def add(self, name: str, *classes: str, **attributes: Any) -> None:
        """Somebody else's entry."""
        self.slapd.add(f"cn={name},{self.base}", classes, {"cn": name, **attributes})

    def called(self, **more: Any) -> Side:
        """The same folder, where names are made of hostnames."""
        return Side(self.slapd, self.base, certname="{hostname}", **more)
