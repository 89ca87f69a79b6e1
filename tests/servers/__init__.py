"""Private servers for tests and benchmarks: on loopback, in a temporary folder, stopped by pid.

Each is a context manager; entered, it is up and answers::

    with PostgreSQL() as server:
        database = Database(DatabaseSettings(server.new_database()))

=====================================  =================================================================
`tests.servers.postgresql.PostgreSQL`  one PostgreSQL
`tests.servers.mariadb.MariaDB`        one MariaDB
`tests.servers.galera.Galera`          a MariaDB Galera cluster of three nodes
`tests.servers.slapd.Slapd`            an OpenLDAP directory with Puppet's schema
`tests.servers.strange`                a server that never answers, and one that says it is MySQL
`tests.servers.ports`                  the ports that servers are given
=====================================  =================================================================

Servers can be ended as a power failure would (`Server.kill`), held as a hanging machine would
(`Server.freeze`, `Server.thaw`), and started again on the same port and data (`Server.start`).
The password that the URLs carry is `PASSWORD`, so that a test can look for it where it must not be.

Programs come from Debian's packages; where one is missing, `MissingProgram` names it and its package.
Where the tests run as root, the servers run as the user that their packages made.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import quote

HOST = "127.0.0.1"
USER = "app"
#: With the characters that an URL, a shell or a DSN might trip over.
PASSWORD = "s3cr:t @/%'&"


class MissingProgram(Exception):
    """A program that a server needs is not installed; the text names it and its package."""


def program(name: str, package: str, *places: str) -> str:
    """The path of a program.

    :param places: folders to look into besides ``PATH``
    :raises MissingProgram:
    """
    path = os.pathsep.join([*places, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingProgram(f"{name} is not installed (Debian package {package})")
    return found


def library(path: str, package: str) -> str:
    """The path of a shared library.

    :raises MissingProgram:
    """
    if not Path(path).is_file():
        raise MissingProgram(f"{path} is not installed (Debian package {package})")
    return path


def url(driver: str, port: int, database: str) -> str:
    """The SQLAlchemy URL of a database of one of these servers."""
    return f"{driver}://{USER}:{quote(PASSWORD, safe='')}@{HOST}:{port}/{database}"
