"""The driver ldap without a directory: what stops the start, in one sentence that names the fix."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from glance_related.package_menu.drivers.ldap import LdapDriver
from glance_related.settings.options import ConfigError

KNOWN = {
    "url": "ldap://directory",
    "base_dn": "ou=servers,dc=example,dc=org",
    "bind_dn": "cn=worker,dc=example,dc=org",
    "password": "s3cret-word",
    "certname": "{instance_id}",
    "parent_node": None,
    "start_tls": False,
    "ca_file": None,
    "timeout_seconds": 1,
}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": None}, "url is not set"),
        ({"base_dn": None}, "base_dn is not set"),
        ({"base_dn": "servers"}, "base_dn is no distinguished name"),
        ({"url": "directory"}, "url must be as"),
        ({"url": "http://directory"}, "url must be as"),
        ({"url": "ldap://directory:many"}, "url must be as"),
        ({"url": "ldap://"}, "url must be as"),
        ({"url": "ldapi://relative"}, "url must be as"),
        ({"password": None}, "password is not set"),
        ({"bind_dn": None}, "bind_dn is not set"),
        ({"url": "ldaps://directory", "start_tls": True}, "start_tls is for ldap:// only"),
        ({"ca_file": "/nowhere"}, "no file /nowhere"),
        ({"certname": "{name}"}, "certname must have"),
    ],
)
def test_a_wrong_option_stops_the_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        LdapDriver({**KNOWN, **settings})
    assert str(caught.value).startswith("[package_menu_ldap]")
    assert str(caught.value).endswith(".")
    assert "s3cret-word" not in str(caught.value)


@pytest.mark.parametrize("url", ["ldap://directory", "ldaps://directory:1636", "ldap://[::1]:389", "ldap://directory/"])
def test_a_url_in_each_of_its_forms(url: str) -> None:
    LdapDriver({**KNOWN, "url": url})


def test_without_the_library_an_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "ldap3"]:
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not installed
    monkeypatch.setitem(sys.modules, "ldap3", None)
    with pytest.raises(ConfigError, match=r"glance_related\[ldap\]"):
        LdapDriver(KNOWN)
