"""A real Keystone: SQLite, Fernet tokens, gunicorn."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cloud import Trouble, web
from cloud.processes import HOST, Service, clean_environment, need
from cloud.secret import Passwords, write_private
from cloud.servers import gunicorn

REGION = "RegionOne"


class Keystone:
    """One Keystone in a folder of its own: prepare(), start(), token(user, project), stop()."""

    # One thread: of two first log-ins at once, which read and then write, SQLite refuses one with "database is
    # locked", however long it may wait.
    def __init__(self, root: Path, port: int, venv: Path, *, threads: int = 1, conf_extra: str = "") -> None:
        self.root = root.absolute()
        self.port = port
        self.venv = venv.absolute()
        self.threads = threads
        self.conf_extra = conf_extra
        self.etc = self.root / "etc" / "keystone"
        self.data = self.root / "data" / "keystone"
        self.logs = self.root / "log"
        self.passwords = Passwords(self.root / "passwords.json")
        self.service = Service("keystone", self.root / "run", self.logs / "keystone.out")
        self._tokens: dict[tuple[str, str], str] = {}

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """What clients call OS_AUTH_URL."""
        return f"{self.base_url}/v3"

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def prepare(self) -> None:
        """Configuration, keys, tables, the administrator: before the first start, and after each upgrade."""
        self.write_config()
        self.make_keys()
        self.db_sync()
        self.bootstrap()

    def write_config(self) -> None:
        self.etc.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        (self.etc / "keystone.conf").write_text(
            f"""\
[DEFAULT]
log_file = {self.logs}/keystone.log
public_endpoint = {self.base_url}/
[database]
connection = sqlite:///{self.data}/keystone.sqlite?timeout=30
[token]
provider = fernet
expiration = 86400
[fernet_tokens]
key_repository = {self.data}/fernet-keys
# Its default is below /etc, where a user who is not root ends.
[fernet_receipts]
key_repository = {self.data}/fernet-receipts
[credential]
key_repository = {self.data}/credential-keys
# Without a cache every request costs 0.3 s; one process may keep it to itself.
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
# Passwords here are long and random: nothing is won by slow hashes.
password_hash_rounds = 4
{self.conf_extra}
"""
        )

    def make_keys(self) -> None:
        """Key repositories as `keystone-manage fernet_setup` writes them: 0 is staged, 1 is primary."""
        for name in ("fernet-keys", "fernet-receipts", "credential-keys"):
            folder = self.data / name
            folder.mkdir(mode=0o700, exist_ok=True)
            for key in ("0", "1"):
                if not (folder / key).exists():
                    write_private(folder / key, base64.urlsafe_b64encode(os.urandom(32)).decode())

    def db_sync(self) -> None:
        self._manage("db_sync")

    def bootstrap(self) -> None:
        """The administrator (user and project `admin`), the stock roles and what they imply."""
        self._manage(
            "bootstrap", "--bootstrap-username", "admin", "--bootstrap-project-name", "admin",
            "--bootstrap-role-name", "admin", "--bootstrap-service-name", "keystone",
            "--bootstrap-region-id", REGION, "--bootstrap-public-url", self.url,
            "--bootstrap-internal-url", self.url, "--bootstrap-admin-url", self.url,
            OS_BOOTSTRAP_PASSWORD=self.passwords["admin"],
        )  # fmt: skip

    def start(self, wait: bool = True) -> None:
        argv, more = gunicorn(
            self.venv, self.etc / "gunicorn.conf.py", self.port, "keystone.wsgi.api:application",
            self.logs / "keystone.access", threads=self.threads,
        )  # fmt: skip
        self.service.spawn(argv, self._environment(**more))
        if wait:
            self.wait()

    def wait(self) -> None:
        self.service.wait_http(self.url)

    def stop(self) -> None:
        self.service.stop()

    def token(self, user: str, project: str | None = None, *, fresh: bool = False) -> str:
        """A token of that user of ours for that project, by default the one of his name.

        Tokens are kept and handed out again unless `fresh`.
        """
        project = project or user
        if fresh or (user, project) not in self._tokens:
            self._tokens[user, project] = issue(self.url, user, self.passwords[user], project)
        return self._tokens[user, project]

    def account(self, user: str, region: str = REGION) -> str:
        """The lines by which a service says in its configuration who it is."""
        return f"""\
auth_type = password
auth_url = {self.url}
user_domain_name = Default
project_domain_name = Default
project_name = service
username = {user}
password = {self.passwords[user]}
region_name = {region}"""

    def authtoken(self, user: str, region: str = REGION, *, service_token_roles_required: bool = True) -> str:
        """The section by which a service has tokens checked."""
        return f"""\
[keystone_authtoken]
www_authenticate_uri = {self.base_url}/
{self.account(user, region)}
service_token_roles = service
service_token_roles_required = {str(service_token_roles_required).lower()}"""

    def _environment(self, **more: str) -> dict[str, str]:
        return clean_environment(self.venv, self.root / "home", OS_KEYSTONE_CONFIG_DIR=str(self.etc), **more)

    def _manage(self, *words: str, **more: str) -> None:
        # --config-dir: else it would also read what lies below /etc/keystone.
        (self.etc / "conf.d").mkdir(exist_ok=True)
        argv = [
            f"{self.venv}/bin/keystone-manage", "--config-file", f"{self.etc}/keystone.conf",
            "--config-dir", f"{self.etc}/conf.d", *words,
        ]  # fmt: skip
        env = self._environment(**more)
        need(argv, f"keystone-manage {words[0]}", env=env, log=self.logs / "keystone-prepare.log")


def issue(auth_url: str, user: str, password: str, project: str) -> str:
    """Ask for a token as any client does."""
    default = {"id": "default"}
    reply = web.request(
        "POST",
        f"{auth_url}/auth/tokens",
        json_body={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": user, "domain": default, "password": password}},
                },
                "scope": {"project": {"name": project, "domain": default}},
            }
        },
    )
    if reply.status != 201:
        raise Trouble(f"Keystone gives {user} no token for {project}: {reply.status} {reply.text}")
    return reply.headers["x-subject-token"]
