"""The driver ldap: what the directory says, how it is reached, and what it is like when it is away or beside itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from glance_related.deliveries.delivery import Refused, Unavailable
from glance_related.package_menu.drivers.ldap import LdapDriver
from glance_related.testing.package_driver_suite import SECRET, WEB, assert_hides, server, variable
from tests.drivers.ldap_side import Side, ldap_settings
from tests.servers import HOST, PASSWORD
from tests.servers.ports import free_port
from tests.servers.slapd import Slapd
from tests.servers.strange import ChattyServer, SilentServer


@pytest.fixture
def side(slapd: Slapd) -> Side:
    return Side(slapd, slapd.new_base())


# -- the directory's own words


@pytest.fixture
def strict() -> Iterator[Slapd]:
    """A directory with rules of its own."""
    rules = [
        "access to dn.subtree=\"ou=servers,dc=example,dc=org\" attrs=puppetClass by * read",
        "overlay constraint",
        "constraint_attribute puppetVar count 9",
    ]  # fmt: skip
    with Slapd(None, *rules) as server:
        yield server


@pytest.mark.real
def test_a_directory_that_refuses_one_attribute_has_its_words_told_and_nothing_changed(strict: Slapd) -> None:
    side, one = Side(strict, strict.new_base()), server()
    secret = variable("password", SECRET[:8], is_secret=True)
    side.driver.configure_packages(one, [], [secret])
    before = side.entry(one.ref.instance_id)
    with pytest.raises(Refused, match="insufficientAccessRights") as caught:
        side.driver.configure_packages(one, [WEB], [secret, variable("x", 1)])
    assert_hides(caught.value, SECRET[:8])
    assert_hides(caught.value, PASSWORD)
    many = [variable(f"v{number}", 1) for number in range(9)]
    with pytest.raises(Refused, match=r"constraintViolation.*puppetVar"):
        side.driver.configure_packages(one, [], many)
    assert side.entry(one.ref.instance_id) == before
    side.driver.configure_packages(one, [], many[:5])
    side.driver.remove(one)
    assert side.names == []


@pytest.mark.real
def test_a_directory_without_the_schema_is_told_beforehand() -> None:
    with Slapd(schema=False) as bare:
        side = Side(bare, bare.new_base())
        (said,) = side.driver.check()
        assert "has not Puppet's schema" in said
        with pytest.raises((Refused, Unavailable)):
            side.driver.configure_packages(server(), [WEB], [])


def test_a_base_that_is_not_there_holds_everything_up(side: Side, slapd: Slapd) -> None:
    lost = LdapDriver(ldap_settings(slapd.url, f"ou=lost,{side.base}"))
    for ask in (lambda: lost.configure_packages(server(), [WEB], []), lambda: lost.remove(server())):
        with pytest.raises(Unavailable, match="has no ou=lost"):
            ask()
    (said,) = lost.check()
    assert "has no ou=lost" in said


@pytest.mark.parametrize("who", [{"password": "wrong-" + PASSWORD}, {"bind_dn": "cn=nobody,dc=example,dc=org"}])
def test_a_worker_that_is_not_let_in_says_so_without_the_password(side: Side, slapd: Slapd, who: Any) -> None:
    stranger = LdapDriver(ldap_settings(slapd.url, side.base, **who))
    with pytest.raises(Unavailable, match="invalidCredentials") as caught:
        stranger.configure_packages(server(), [WEB], [])
    assert_hides(caught.value, PASSWORD)
    (said,) = stranger.check()
    assert PASSWORD not in said


@pytest.mark.real
def test_nobody_is_followed_elsewhere_with_the_password() -> None:
    with SilentServer() as other, Slapd(referral=f"ldap://{HOST}:{other.port}") as slapd:
        driver = LdapDriver(ldap_settings(slapd.url, "dc=elsewhere"))
        with pytest.raises(Unavailable, match="referral"):
            driver.configure_packages(server(), [WEB], [])
        assert other.connections == 0


# -- the way there


def test_every_way_there(side: Side, slapd: Slapd) -> None:
    trusted = {"ca_file": str(slapd.certificate)}
    ways: list[dict[str, Any]] = [
        {"start_tls": True, **trusted},
        {"url": slapd.tls_url, **trusted},
        {"url": slapd.tls_url.replace(HOST, "localhost"), **trusted},
        {"url": slapd.ipc_url, "bind_dn": None, "password": None},
    ]
    for way in ways:
        driver, one = LdapDriver({**ldap_settings(slapd.url, side.base), **way}), server()
        assert driver.check() == []
        driver.configure_packages(one, [WEB], [])
        assert side.names == [one.ref.instance_id]
        driver.remove(one)
        assert side.names == []


@pytest.mark.parametrize("way", ["start_tls", "ldaps"])
def test_a_certificate_that_is_not_trusted_ends_it_before_the_password_is_sent(
    side: Side, slapd: Slapd, way: str
) -> None:
    url, start_tls = (slapd.url, True) if way == "start_tls" else (slapd.tls_url, False)
    driver = LdapDriver(ldap_settings(url, side.base, start_tls=start_tls))
    with pytest.raises(Unavailable, match=r"(?i)certificate.verify.failed"):
        driver.configure_packages(server(), [WEB], [])
    (said,) = driver.check()
    assert "certificate" in said.lower()


def test_a_certificate_of_another_host_is_not_trusted(side: Side, slapd: Slapd) -> None:
    driver = LdapDriver(ldap_settings(slapd.tls_url_of_nobody, side.base, ca_file=str(slapd.certificate)))
    with pytest.raises(Unavailable, match="address mismatch"):
        driver.configure_packages(server(), [WEB], [])


# -- away, slow, and beside itself


@pytest.mark.real
def test_a_directory_that_was_down_takes_what_is_sent_afterwards() -> None:
    with Slapd() as slapd:
        side, one = Side(slapd, slapd.new_base(), timeout_seconds=1), server()
        side.driver.configure_packages(one, [WEB], [])
        slapd.stop()
        with pytest.raises(Unavailable, match="refused") as caught:
            side.driver.remove(one)
        assert_hides(caught.value, PASSWORD)
        slapd.start()
        side.driver.remove(one)
        assert side.names == []
        slapd.freeze()
        try:
            began = time.monotonic()
            with pytest.raises(Unavailable):
                side.driver.configure_packages(one, [WEB], [])
            assert time.monotonic() - began < 15
        finally:
            slapd.thaw()
        side.driver.configure_packages(one, [WEB], [])
        assert side.names == [one.ref.instance_id]


GARBAGE = {
    "silence": b"",
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>",
    "zeros": bytes(100),
    "an endless message": b"\x30\x84\x7f\xff\xff\xff",
    "lengths that are none": b"\x30\x80\x02\x01\x01\x61\xff",
    "another's answer": b"\x30\x0c\x02\x01\x63\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    "a notice that it ends": b"\x30\x24\x02\x01\x00\x78\x1f\x0a\x01\x34\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20036",
}


@pytest.mark.parametrize("what", GARBAGE)
def test_a_server_that_is_no_directory_holds_nobody(what: str) -> None:
    with ChattyServer(GARBAGE[what]) as server_:
        driver = LdapDriver(ldap_settings(f"ldap://{HOST}:{server_.port}", "dc=example,dc=org", timeout_seconds=1))
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            driver.configure_packages(server(), [WEB], [variable("password", SECRET[:8], is_secret=True)])
        assert time.monotonic() - began < 15
        assert_hides(caught.value, PASSWORD)
        assert_hides(caught.value, SECRET[:8])


def test_a_directory_that_answers_byte_by_byte_is_not_waited_for_for_ever() -> None:
    with ChattyServer(b"\x30\x84\x00\x00\xff\xff" + bytes(65535), pause=0.2) as slow:
        driver = LdapDriver(ldap_settings(f"ldap://{HOST}:{slow.port}", "dc=example,dc=org", timeout_seconds=1))
        began = time.monotonic()
        with pytest.raises(Unavailable):
            driver.remove(server())
        assert 1 < time.monotonic() - began < 30


def test_a_password_over_an_unencrypted_way_is_told(side: Side) -> None:
    driver = LdapDriver(ldap_settings(f"ldap://192.0.2.1:{free_port()}", side.base, timeout_seconds=1))
    said = driver.check()
    assert "is unencrypted" in said[0]
    assert len(said) == 2
