"""Our own side: the suite's configuration file, and its command `glance-related-manage`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cloud import Trouble
from cloud.keystone import REGION, Keystone
from cloud.processes import clean_environment
from cloud.secret import write_private


class Suite:
    """The suite as installed in `venv`: write_config(), db_upgrade(), register(), manage()."""

    def __init__(
        self,
        root: Path,
        venv: Path,
        keystone: Keystone,
        *,
        name: str = "glance-related",
        database: str | None = None,
        mark_key: str | None = None,
        installation: str | None = None,
        with_menu: bool = False,
        conf_extra: str = "",
        pythonpath: Sequence[Path | str] = (),
    ) -> None:
        """`conf_extra` is appended to the configuration file; `database` is a SQLAlchemy URL.

        `mark_key` is the secret that Nova's side and Glance's side share; `installation`, for Nova's side, is
        the UUID of that Nova. `with_menu`: with all that the package menu wants.
        """
        self.root = root.absolute()
        self.venv = venv.absolute()
        self.keystone = keystone
        self.conf = self.root / "etc" / name / "glance-related.conf"
        self.data = self.root / "data" / name
        self.database_file = self.data / "glance-related.sqlite"
        self.database = database or f"sqlite:///{self.database_file}"
        self.mark_key = mark_key
        self.installation = installation
        self.with_menu = with_menu
        self.handed_over = self.root / "package-menu"
        self.keys = self.root / "data" / "keys"
        self.conf_extra = conf_extra
        self.pythonpath = [str(folder) for folder in pythonpath]

    def write_config(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        write_private(
            self.conf,
            f"""\
[database]
connection = {self.database}
[account]
auth_type = password
auth_url = {self.keystone.url}
user_domain_name = Default
project_domain_name = Default
project_name = service
username = glance-related
password = {self.keystone.passwords["glance-related"]}
region_name = {REGION}
{self._nova_side()}
{self.conf_extra}
""",
        )

    def _nova_side(self) -> str:
        lines = []
        if self.mark_key:
            lines += ["[riders]", f"mark_keys = {self.mark_key}"]
        if self.installation:
            lines += ["[instance_aware]", f"nova_installation_uuid = {self.installation}"]
        if self.with_menu:
            self.handed_over.mkdir(parents=True, exist_ok=True)
            lines += ["[package_menu]", "package_management_driver = file, guest", "look_around_seconds = 5"]
            lines += ["[package_menu_file]", f"folder = {self.handed_over}", "[keys]", f"folder = {self.keys}"]
            # There is no TLS on the loopback.
            lines += ["[package_menu_ui]", f"auth_url = {self.keystone.url}", "insecure_cookie = true"]
        return "\n".join(lines)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `glance-related-manage` to its end, whatever that is."""
        more = {"PYTHONPATH": ":".join(self.pythonpath)} if self.pythonpath else {}
        return subprocess.run(
            [f"{self.venv}/bin/glance-related-manage", "--config-file", str(self.conf), *words],
            env=clean_environment(self.venv, self.root / "home", **more),
            cwd=self.root / "home",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def db_upgrade(self) -> None:
        self._need("db", "upgrade")

    def make_keys(self) -> None:
        """The keys by which secrets are encrypted, once."""
        if not self.keys.exists():
            self._need("keys", "setup")

    def register(self, name: str, service_users: Sequence[str], trusted_programs: Sequence[str] = ()) -> str:
        """A new Nova installation, known by these user ids; its UUID."""
        words = ["generate-installation-uuid", "--register", name]
        return self._need(*words, *_users(service_users, trusted_programs)).split()[-1]

    def add_installation(
        self,
        uuid: str,
        name: str,
        service_users: Sequence[str],
        trusted_programs: Sequence[str] = (),
        region: str | None = None,
    ) -> None:
        """The Nova of that UUID is registered, once however often this is called; `region`: not where we are."""
        words = ["installation", "add", uuid, "--name", name]
        if region and region != REGION:
            words += ["--region", region]
        self._need(*words, *_users(service_users, trusted_programs))

    def _need(self, *words: str) -> str:
        done = self.manage(*words)
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            command = f"glance-related-manage {' '.join(words)}"
            raise Trouble(f"{command} failed (exit code {done.returncode}): {said}")
        return done.stdout


def _users(service_users: Sequence[str], trusted_programs: Sequence[str]) -> list[str]:
    words = [word for user in service_users for word in ("--service-user", user)]
    return words + [word for user in trusted_programs for word in ("--trusted-program", user)]
