"""`Directory`: an LDAP server, asked with ldap3; every wait is bounded, and no password is in an error.

A server is given ``timeout_seconds`` for each answer, and five times as long for all of a delivery: one that sends a
byte now and then is waited for no longer either. Referrals are not followed: the password is for one server.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from glance_related.deliveries.delivery import Refused, Unavailable
from glance_related.package_menu.drivers.masking import masked
from glance_related.settings.options import ConfigError

GROUP = "[package_menu_ldap]"
#: How many answers' time a whole delivery may take.
_ANSWERS = 5
#: Numbers of results (RFC 4511) that have nothing to do with what is asked for: everything else would end so, too.
_NOT_NOW = frozenset({1, 2, 3, 4, 7, 8, 10, 11, 12, 13, 17, 48, 49, 51, 52, 53, 80})
_NO_OBJECT, _OBJECT_EXISTS = 32, 68


class Meanwhile(Exception):
    """Somebody else has made, or removed, the same entry."""


@dataclass(frozen=True)
class Entry:
    """An entry.

    :param attributes: by name in small letters
    """

    dn: str
    attributes: Mapping[str, Sequence[str]]

    def values(self, name: str) -> list[str]:
        return list(self.attributes.get(name.lower(), ()))


class Directory:
    """See the module.

    :param settings: what ``[package_menu_ldap]`` says
    :raises ConfigError: one sentence that names the fix
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._ldap3 = _library()
        self.base_dn = settings["base_dn"]
        self._bind_dn, self._password = settings["bind_dn"], settings["password"]
        self._start_tls, self._ca_file = settings["start_tls"], settings["ca_file"]
        self._seconds = settings["timeout_seconds"]
        self.url = settings["url"]
        for name in ("url", "base_dn"):
            if not settings[name]:
                raise ConfigError(f"{GROUP} {name} is not set; set it, or do without the driver ldap.")
        self._scheme, self._host, self._port = _parts(self.url)
        if self._bind_dn and not self._password:
            raise ConfigError(f"{GROUP} password is not set; a directory takes whoever has none for nobody.")
        if not self._bind_dn and self._scheme != "ldapi":
            raise ConfigError(f"{GROUP} bind_dn is not set; only over ldapi:// a directory knows who is asking.")
        if self._start_tls and self._scheme != "ldap":
            raise ConfigError(f"{GROUP} start_tls is for ldap:// only; take it out.")
        if self._ca_file and not Path(self._ca_file).is_file():
            raise ConfigError(f"{GROUP} ca_file: there is no file {self._ca_file}.")
        try:
            self._ldap3.utils.dn.parse_dn(self.base_dn)
        except self._ldap3.core.exceptions.LDAPException:
            raise ConfigError(f"{GROUP} base_dn is no distinguished name, as ou=servers,dc=example,dc=org.") from None

    @property
    def is_readable(self) -> bool:
        """Whether others on the way may read what is said."""
        is_far = self._host not in ("localhost", "127.0.0.1", "::1")
        return self._scheme == "ldap" and not self._start_tls and is_far

    @contextmanager
    def session(self, secrets: Sequence[str] = ()) -> Iterator[Session]:
        """A connection on which the worker is known.

        :param secrets: that must be in no error
        :raises Unavailable:
        """
        connection = self._connection()
        session = Session(self._ldap3, connection, self.url, [*secrets, self._password or ""])
        watch = threading.Timer(self._seconds * _ANSWERS, _hang_up, [connection])
        watch.daemon = True
        watch.start()
        try:
            session.ask(lambda: connection.open(read_server_info=False))
            if self._start_tls:
                session.ask(lambda: connection.start_tls(read_server_info=False))
            session.ask(lambda: connection.bind(read_server_info=False))
            session.let_in()
            yield session
        finally:
            watch.cancel()
            with suppress(Exception):  # of whatever kind: it is over
                connection.unbind()

    def _connection(self) -> Any:
        ldap3 = self._ldap3
        server = ldap3.Server(
            f"ldapi://{self._host}" if self._scheme == "ldapi" else self._host,
            port=self._port,
            use_ssl=self._scheme == "ldaps",
            get_info=ldap3.NONE,
            tls=_tls(ldap3, self._host, self._ca_file),
            connect_timeout=self._seconds,
        )
        who: dict[str, Any] = {"authentication": ldap3.SASL, "sasl_mechanism": ldap3.EXTERNAL, "sasl_credentials": ""}
        if self._bind_dn:
            who = {"authentication": ldap3.SIMPLE, "user": self._bind_dn, "password": self._password}
        return ldap3.Connection(
            server,
            auto_referrals=False,
            auto_escape=False,
            check_names=False,
            receive_timeout=self._seconds,
            return_empty_attributes=False,
            **who,
        )

    # -- how names are written

    def dn(self, certname: str) -> str:
        """The entry of a server."""
        return f"cn={self._ldap3.utils.dn.escape_rdn(certname)},{self.base_dn}"

    def is_named(self, entry: Entry, certname: str) -> bool:
        """Whether an entry right below the base has this name."""
        (attribute, value, separator), *_ = self._ldap3.utils.dn.parse_dn(entry.dn)
        is_alone = separator == ","
        return is_alone and (attribute.lower(), value.lower()) == ("cn", certname.lower())

    def equal(self, attribute: str, value: str) -> str:
        """A filter."""
        return f"({attribute}={self._ldap3.utils.conv.escape_filter_chars(value)})"


class Session:
    """A connection on which the worker is known; see `Directory.session`.

    Each method may raise `Unavailable`, those that change something `Refused` and `Meanwhile`.
    """

    def __init__(self, ldap3: Any, connection: Any, url: str, secrets: Sequence[str]) -> None:
        self._ldap3 = ldap3
        self._connection = connection
        self._url = url
        self._secrets = secrets

    def find(self, base: str, condition: str, attributes: Sequence[str], *, below: bool = True) -> list[Entry]:
        """The entries right below one, or that itself, that meet a condition."""
        scope = self._ldap3.LEVEL if below else self._ldap3.BASE
        self.ask(lambda: self._connection.search(base, condition, scope, attributes=list(attributes)))
        if self._connection.result["result"] == _NO_OBJECT:
            raise Unavailable(f"The directory {self._url} has no {base}.")
        self.answered()
        found = [one for one in self._connection.response or () if one["type"] == "searchResEntry"]
        return [Entry(one["dn"], _texts(one["raw_attributes"])) for one in found]

    def add(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        self.ask(lambda: self._connection.add(dn, attributes=_bytes(attributes)))
        self.answered()

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Let an entry have these values of these attributes, all or nothing."""
        changes = {
            name: [(self._ldap3.MODIFY_REPLACE, values)] for name, values in _bytes(attributes, empty=True).items()
        }
        self.ask(lambda: self._connection.modify(dn, changes))
        self.answered()

    def delete(self, dn: str) -> None:
        self.ask(lambda: self._connection.delete(dn))
        self.answered()

    def ask(self, question: Callable[[], Any]) -> None:
        """Ask, whatever is answered."""
        try:
            question()
        except self._ldap3.core.exceptions.LDAPException as error:
            raise self._unavailable(str(error) or type(error).__name__) from None
        except Exception as error:  # ldap3 fails over what is no LDAP in as many ways as there are
            raise self._unavailable(f"it does not answer as LDAP does ({type(error).__name__})") from None

    def let_in(self) -> None:
        """Whatever is said to a worker that is not let in is no word on what it brings."""
        number, words = self._result()
        if number:
            raise self._unavailable(words)

    def _result(self) -> tuple[int, str]:
        result = self._connection.result
        return result["result"], ": ".join(filter(None, (result["description"], result["message"])))

    def answered(self) -> None:
        """Judge the answer."""
        number, words = self._result()
        if number in (_NO_OBJECT, _OBJECT_EXISTS):
            raise Meanwhile(words)
        if number in _NOT_NOW:
            raise self._unavailable(words)
        if number:
            raise Refused(f"The directory says: {masked(words, self._secrets)}")

    def _unavailable(self, words: str) -> Unavailable:
        return Unavailable(f"The directory {self._url} cannot be used: {masked(words, self._secrets)}")


def _library() -> Any:
    try:
        import ldap3
        import ldap3.utils.conv
        import ldap3.utils.dn
    except ImportError:
        raise ConfigError(
            "The driver ldap needs the library ldap3, which is not installed; install glance_related[ldap], or take "
            "the driver out of [package_menu] package_management_driver."
        ) from None
    return ldap3


def _parts(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        scheme, host, port = "", "", None
    if scheme == "ldapi":
        host = unquote(url.partition("://")[2])
    if scheme not in ("ldap", "ldaps", "ldapi") or not host or (scheme == "ldapi" and not host.startswith("/")):
        raise ConfigError(f"{GROUP} url must be as ldap://host, ldaps://host:port or ldapi://%2Fpath.")
    return scheme, host, port


def _tls(ldap3: Any, host: str, ca_file: str | None) -> Any:
    """TLS as Python's own library has it: ldap3 compares names by itself, and knows no addresses among them."""

    class Tls(ldap3.Tls):  # type: ignore[misc]
        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
            context = ssl.create_default_context(cafile=ca_file)
            connection.socket = context.wrap_socket(
                connection.socket, server_hostname=host, do_handshake_on_connect=do_handshake
            )

    return Tls(validate=ssl.CERT_REQUIRED)


def _hang_up(connection: Any) -> None:
    """Whoever waits on a connection waits no longer."""
    if connection.socket is not None:
        with suppress(OSError):
            socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)


def _texts(raw: Mapping[str, Sequence[bytes]]) -> dict[str, list[str]]:
    return {name.lower(): [value.decode(errors="replace") for value in values] for name, values in raw.items()}


def _bytes(attributes: Mapping[str, Sequence[str]], *, empty: bool = False) -> dict[str, list[bytes]]:
    return {name: [one.encode() for one in values] for name, values in attributes.items() if values or empty}
