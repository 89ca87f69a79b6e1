"""A real MariaDB of our own: Debian's program, a private data folder, one port of the loopback."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

from cloud.processes import HOST, Service, clean_environment, need
from cloud.secret import Passwords, write_private

USER = "stack"


class MariaDB:
    """prepare(), start(), wait(), url(database), stop().

    Its databases are made at the start, by the server itself: nothing here needs a client.
    """

    def __init__(self, root: Path, port: int, passwords: Passwords, databases: Sequence[str] = ()) -> None:
        self.root = root.absolute()
        self.port = port
        self.databases = list(databases)
        self.data = self.root / "data" / "mariadb"
        self.logs = self.root / "log"
        self._password = passwords["mariadb"]
        self._init_file = self.root / "etc" / "mariadb" / "init.sql"
        self.service = Service("mariadb", self.root / "run", self.logs / "mariadb.out")

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def url(self, database: str) -> str:
        """What SQLAlchemy is told."""
        return f"mysql+pymysql://{USER}:{self._password}@{HOST}:{self.port}/{database}?charset=utf8mb4"

    def prepare(self) -> None:
        """The data folder, whole or not at all."""
        if self.data.exists():
            return
        fresh = self.data.with_name("mariadb.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        argv = [
            "mariadb-install-db", "--no-defaults", f"--datadir={fresh}", "--skip-test-db", "--skip-name-resolve",
            # Without the password of `stack` only whoever runs the server comes in, by its socket.
            "--auth-root-authentication-method=socket", f"--auth-root-socket-user={_me()}", *_as_root(),
        ]  # fmt: skip
        log = self.logs / "mariadb-prepare.log"
        need(argv, "mariadb-install-db", env=self._environment(), log=log)
        fresh.rename(self.data)

    def start(self, wait: bool = True) -> None:
        statements = [f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3;" for name in self.databases]
        statements.append(f"CREATE USER IF NOT EXISTS {USER}@'{HOST}' IDENTIFIED BY '{self._password}';")
        statements.append(f"GRANT ALL ON *.* TO {USER}@'{HOST}';")
        write_private(self._init_file, "\n".join(statements) + "\n")
        argv = [
            shutil.which("mariadbd", path=self._environment()["PATH"]) or "mariadbd", "--no-defaults",
            f"--datadir={self.data}", f"--bind-address={HOST}", f"--port={self.port}",
            # Relative to the data folder: the name of a socket may not be long.
            "--socket=socket", f"--pid-file={self.data}/pid", f"--init-file={self._init_file}",
            "--skip-name-resolve", "--skip-log-bin", "--max-connections=500", "--character-set-server=utf8mb4",
            # What a power failure would take is only a trial.
            "--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
            *_as_root(),
        ]  # fmt: skip
        self.service.spawn(argv, self._environment())
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until it takes connections; whoever comes then is served once the databases are made."""
        self.service.wait_port(self.port)

    def stop(self) -> None:
        self.service.stop(30)

    def kill9(self) -> None:
        """At once, without a goodbye; start() may follow."""
        self.service.kill9()

    def _environment(self) -> dict[str, str]:
        return clean_environment(self.root / "venv", self.root / "home")


def _me() -> str:
    """The server compares it with whom the kernel sees at the other end."""
    return pwd.getpwuid(os.geteuid()).pw_name


def _as_root() -> list[str]:
    """It refuses to run as root unless told to; a folder of root's may be closed to everyone else."""
    return ["--user=root"] if os.geteuid() == 0 else []
