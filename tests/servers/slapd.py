"""A directory: OpenLDAP's slapd, with Puppet's schema and a worker who may write below `BASE`."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ldap3
from ldap3.core.exceptions import LDAPExceptionError

from tests.servers import HOST, PASSWORD, library, program
from tests.servers.certificates import make_certificate
from tests.servers.ports import free_ports
from tests.servers.server import Server

SUFFIX = "dc=example,dc=org"
#: Below which servers may be kept; each test has a folder of its own there.
BASE = f"ou=servers,{SUFFIX}"
ADMIN, WORKER = f"cn=admin,{SUFFIX}", f"cn=worker,{SUFFIX}"
_SCHEMAS = "/etc/ldap/schema"
_MODULES = "/usr/lib/ldap"


class Slapd(Server):
    """See `tests.servers`.

    :param rules: lines of the database's configuration, before what lets the worker write, as ``access to ...``
    :param schema: whether it has Puppet's
    :param referral: where it sends those who ask for what it has not
    """

    def __init__(self, root: Path | None = None, *rules: str, schema: bool = True, referral: str | None = None) -> None:
        self._slapd = program("slapd", "slapd")
        library(f"{_MODULES}/back_mdb.so", "slapd")
        super().__init__(root, "openldap")
        self.port, self.tls_port = free_ports(2)
        self._rules = rules
        self._schema = schema
        self._referral = referral

    @property
    def url(self) -> str:
        return f"ldap://{HOST}:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://{HOST}:{self.tls_port}"

    @property
    def tls_url_of_nobody(self) -> str:
        """Where it has an address that is not in its certificate."""
        return f"ldaps://127.0.0.2:{self.tls_port}"

    @property
    def ipc_url(self) -> str:
        return f"ldapi://{quote(str(self.root / 'socket'), safe='')}"

    @property
    def certificate(self) -> Path:
        """The authority of its certificate."""
        return self.root / "certificate.pem"

    def prepare(self) -> None:
        (self.root / "data").mkdir()
        made = [*make_certificate(self.root), self.root / "data"]
        schemas = [f"{_SCHEMAS}/core.schema", f"{_SCHEMAS}/cosine.schema"]
        if self._schema:
            made.append(self.root / "puppet.schema")
            shutil.copy(Path(__file__).with_name("puppet.schema"), made[-1])
            schemas.append(str(made[-1]))
        made.append(self.root / "slapd.conf")
        made[-1].write_text("\n".join([*(f"include {one}" for one in schemas), *self._lines()]) + "\n")
        for path in made:
            self._own(path)

    def _lines(self) -> list[str]:
        own = ".*,cn=peercred,cn=external,cn=auth"
        return [
            f"pidfile {self.root}/pid",
            f"argsfile {self.root}/args",
            f"modulepath {_MODULES}",
            "moduleload back_mdb",
            "moduleload constraint",
            f"TLSCertificateFile {self.root}/certificate.pem",
            f"TLSCertificateKeyFile {self.root}/key.pem",
            f'authz-regexp "{own}" "{WORKER}"',
            *([f"referral {self._referral}"] if self._referral else []),
            "database mdb",
            f'suffix "{SUFFIX}"',
            f'rootdn "{ADMIN}"',
            f'rootpw "{PASSWORD}"',
            f"directory {self.root}/data",
            "dbnosync",
            *self._rules,
            "access to attrs=userPassword by anonymous auth by * none",
            f'access to * by dn.exact="{WORKER}" write by * read',
        ]

    def command(self) -> Sequence[str]:
        urls = f"{self.url} {self.tls_url} {self.tls_url_of_nobody} {self.ipc_url}"
        return [self._slapd, "-d", "0", "-f", str(self.root / "slapd.conf"), "-h", urls]

    def answers(self) -> bool:
        try:
            with self.connection() as admin:
                admin.add(SUFFIX, ["dcObject", "organization"], {"dc": "example", "o": "Example"})
                admin.add(BASE, ["organizationalUnit"], {"ou": "servers"})
                worker = {"cn": "worker", "sn": "worker", "userPassword": PASSWORD}
                admin.add(WORKER, ["person"], worker)
        except LDAPExceptionError:
            return False
        return True

    def connection(self) -> Any:
        """A connection of the directory's administrator's."""
        server = ldap3.Server(HOST, self.port, connect_timeout=5)
        return ldap3.Connection(
            server, ADMIN, PASSWORD, auto_bind=True, receive_timeout=5, check_names=False, return_empty_attributes=False
        )

    # -- what an administrator sees and does

    def new_base(self) -> str:
        """A folder of one's own, for servers."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.add(f"ou={name},{BASE}", ["organizationalUnit"], {"ou": name})
        return f"ou={name},{BASE}"

    def add(self, dn: str, classes: Sequence[str], attributes: Mapping[str, Any]) -> None:
        """Make an entry."""
        with self.connection() as admin:
            assert admin.add(dn, list(classes), dict(attributes)), admin.result

    def entries(self, base: str) -> dict[str, dict[str, list[str]]]:
        """Everything right below an entry, by name, in the directory's words."""
        with self.connection() as admin:
            admin.search(base, "(objectClass=*)", ldap3.LEVEL, attributes=["*"])
            return {
                one["dn"]: {
                    name: [value.decode() for value in values] for name, values in one["raw_attributes"].items()
                }
                for one in admin.response
            }
