"""Private PostgreSQL and MariaDB servers on loopback, with a password, in a folder of their own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import time
from abc import ABC, abstractmethod
from pathlib import Path

from cloud import Trouble
from cloud.processes import HOST, Service, last_line, run

USER = "bench"

# To be raised when the population changes: what an earlier run has kept is then made anew.
_FORMAT = 1


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Server(ABC):
    """start(), stop(); of a database: recreate(), connect(), url(), has() and note()."""

    name: str
    #: The account that the server takes where we are root, which it refuses to be.
    account: str

    def __init__(self, root: Path, pool_mb: int) -> None:
        self.data = root / self.name
        self.files = root / f"{self.name}-run"
        self.log = root / "log" / f"{self.name}.log"
        self.pool_mb = pool_mb
        self.port = free_port()
        self.service = Service(self.name, root / "run", self.log)

    def start(self) -> None:
        """A second start finds the data of the first."""
        for folder in (self.files, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.password = self._password()
        if not self.data.exists():
            self._initialize()
        self.service.spawn(self._argv(), self._environment())
        self._wait()

    def stop(self) -> None:
        self.service.stop(seconds=180)

    def has(self, database: str) -> bool:
        """Whether a database was filled to its end, by this run or an earlier one."""
        return (self.files / f"{database}-{_FORMAT}").exists()

    def note(self, database: str) -> None:
        """It was."""
        (self.files / f"{database}-{_FORMAT}").touch()

    @abstractmethod
    def recreate(self, database: str) -> None:
        """An empty database, whatever was there."""

    @abstractmethod
    def url(self, database: str) -> str:
        """For SQLAlchemy."""

    @abstractmethod
    def connect(self, database: str):
        """A plain connection of the driver's."""

    @abstractmethod
    def _initialize(self) -> None: ...

    @abstractmethod
    def _argv(self) -> list[str]: ...

    @property
    @abstractmethod
    def _any_database(self) -> str:
        """One that is always there."""

    def _password(self) -> str:
        kept = self.files / "password"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_hex(16))
        return kept.read_text()

    def _own(self, *paths: Path) -> None:
        """What the server must read or write belongs to its account."""
        if os.geteuid() == 0:
            user = self._account()
            for path in paths:
                os.chown(path, user.pw_uid, user.pw_gid)

    def _account(self) -> pwd.struct_passwd:
        try:
            return pwd.getpwnam(self.account)
        except KeyError:
            raise Trouble(f"{self.name} does not run as root, and there is no account {self.account}") from None

    def _program(self, name: str, folders: list[Path], package: str) -> str:
        places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", *map(str, folders)])
        found = shutil.which(name, path=places)
        if not found:
            raise Trouble(f"{name} is not installed: install the package {package}, or leave {self.name} out")
        return found

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.files), "LC_ALL": "C.UTF-8"}

    def _run(self, argv: list[str]) -> None:
        if run(argv, env=self._environment(), log=self.log, cwd=Path("/")) != 0:
            raise Trouble(f"making {self.name}'s folder failed: {last_line(self.log)} (all of it: {self.log})")

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            try:
                self.connect(self._any_database).close()
                return
            except Exception as error:
                if self.service.pid is None or time.monotonic() > deadline:
                    raise Trouble(f"{self.name} did not start: {last_line(self.log)} (all: {self.log})") from error
                time.sleep(0.2)


class PostgreSQL(Server):
    name = "postgresql"
    account = "postgres"
    _any_database = "postgres"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg2://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def connect(self, database: str):
        import psycopg2

        return psycopg2.connect(user=USER, password=self.password, host=HOST, port=self.port, dbname=database)

    def stop(self) -> None:
        if self.service.pid is not None:
            os.kill(self.service.pid, signal.SIGINT)  # to TERM it would answer by waiting for every client to go
        super().stop()

    def _initialize(self) -> None:
        self.data.mkdir(mode=0o700)
        password = self.files / "initdb-password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        self._own(self.data, password)
        self._run(
            [
                *self._as_account(), self._postgres("initdb"), "-D", str(self.data), "-U", USER, "-A", "scram-sha-256",
                "--pwfile", str(password), "-E", "UTF8", "--locale=C.UTF-8",
            ]
        )  # fmt: skip
        password.unlink()

    def _argv(self) -> list[str]:
        settings = {"shared_buffers": f"{self.pool_mb}MB", "max_wal_size": "4GB", "max_connections": "100"}
        argv = [*self._as_account(), self._postgres("postgres"), "-D", str(self.data), "-h", HOST]
        argv += ["-p", str(self.port), "-k", ""]
        return [*argv, *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]

    def recreate(self, database: str) -> None:
        connection = self.connect(self._any_database)
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"drop database if exists {database}")
        cursor.execute(f"create database {database}")
        connection.close()

    def _as_account(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        user = self._account()
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def _postgres(self, program: str) -> str:
        versions = Path("/usr/lib/postgresql").glob("*/bin")
        newest_first = sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
        return self._program(program, newest_first, "postgresql")


class MariaDB(Server):
    name = "mariadb"
    account = "mysql"
    _any_database = "mysql"

    def url(self, database: str) -> str:
        return f"mysql+pymysql://{USER}:{self.password}@{HOST}:{self.port}/{database}?charset=utf8mb4"

    def connect(self, database: str):
        import pymysql

        return pymysql.connect(
            user=USER, password=self.password, host=HOST, port=self.port, database=database, charset="utf8mb4",
            local_infile=True,
        )  # fmt: skip

    def _initialize(self) -> None:
        install = self._program("mariadb-install-db", [], "mariadb-server")
        self._run(
            [
                install, "--no-defaults", f"--datadir={self.data}", f"--user={self._user()}", "--skip-test-db",
                "--auth-root-authentication-method=socket",
            ]
        )  # fmt: skip

    def _argv(self) -> list[str]:
        users = self.files / "users.sql"
        users.touch(mode=0o600)
        users.write_text(
            f"create or replace user '{USER}'@'{HOST}' identified by '{self.password}';\n"
            f"grant all on *.* to '{USER}'@'{HOST}';\n"
        )
        # A folder of its own: any MariaDB that starts clears the temporary tables of all that share one.
        temporary = self.files / "tmp"
        temporary.mkdir(exist_ok=True)
        self._own(self.files, users, temporary)
        return [
            self._program("mariadbd", [], "mariadb-server"), "--no-defaults", f"--user={self._user()}",
            f"--datadir={self.data}", f"--bind-address={HOST}", f"--port={self.port}",
            f"--socket={self.files}/socket", f"--pid-file={self.files}/pid", f"--init-file={users}",
            f"--tmpdir={temporary}",
            f"--innodb-buffer-pool-size={self.pool_mb}M", "--innodb-log-file-size=512M", "--skip-log-bin",
            "--skip-name-resolve", "--local-infile=1", "--character-set-server=utf8mb4",
        ]  # fmt: skip

    def recreate(self, database: str) -> None:
        connection = self.connect(self._any_database)
        cursor = connection.cursor()
        cursor.execute(f"drop database if exists {database}")
        # Glance's own tables are of MySQL's older UTF-8; ours name theirs.
        cursor.execute(f"create database {database} character set utf8mb3")
        connection.close()

    def _user(self) -> str:
        return self._account().pw_name if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


SERVERS: dict[str, type[Server]] = {server.name: server for server in (PostgreSQL, MariaDB)}
